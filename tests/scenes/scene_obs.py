#!/usr/bin/env python3
"""A streamer pushes from a real OBS; a card goes on air; what players read decodes. A wrong key stops OBS, and OBS
shows why."""
import subprocess
import tempfile
from pathlib import Path

from boxes import cues, first_pts
from harness import Daemon, Skip, decode_errors, end_session, fetch_rendition, http, main, require, wait_for

SCRIPT = Path(__file__).parent / "obs_publish.sh"


class Obs:
    def __init__(self, daemon, key, seconds, server=None, size="640x360"):
        if subprocess.run(["which", "obs", "xvfb-run"], capture_output=True).returncode:
            raise Skip("OBS or xvfb is not installed")
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([SCRIPT, server or daemon.server(), key, str(seconds), size],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, start_new_session=True)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        end_session(self.process)

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")


def scene_push_take_read_back():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        with Obs(daemon, "mango-key", 60) as obs:
            try:
                daemon.segments("audio", 2, 45)
            except Exception:
                print("".join(f"# obs: {line}\n" for line in obs.text().splitlines()[-15:]))
                raise
            product = daemon.api("GET", "/v1/products", expect=200)["products"][0]["id"]
            on = daemon.api("POST", "/v1/channels/mango/cues",
                            {"template": "com.example.product-card", "product": product}, 201)
            daemon.segments("audio", 5, 30)
            status = daemon.api("GET", "/v1/channels/mango/status", expect=200)
            require(status["state"] == "live", f"state {status['state']}")
        starts = {}
        for name in ("big", "small", "audio"):
            playlist = daemon.media(name)
            path = fetch_rendition(daemon, playlist, Path(folder) / f"{name}.mp4")
            errors = decode_errors(path)
            require(not errors, f"{name}: {errors}")
            starts[name] = first_pts(path, "a:0" if name == "audio" else "v:0")
        require(max(starts.values()) - min(starts.values()) <= 0.040, f"starts {starts}")
        carried = [entry["cue"] for segment in daemon.media("big").segments() if segment["msn"] == on["msn"]
                   for entry in cues(http(daemon.url(segment["uri"]))[2])]
        require(any(cue.get("id") == on["id"] and cue["op"] == "start" and cue["pts"] == on["pts"] for cue in carried),
                "the card's cue is not in its segment")


def scene_wrong_key_stops_obs():
    with Daemon() as daemon, Obs(daemon, "not-the-key", 30) as obs:
        wait_for("OBS to be told", lambda: "BadName" in obs.text(), 40)
        require("econnecting" not in obs.text(), "OBS tries again and again")
        require(daemon.playlist("/live/mango/index.m3u8") is None, "a show started")


if __name__ == "__main__":
    main()
