#!/usr/bin/env python3
"""Channels that the API makes: published to, changed, kept over deaths and restarts, and removed."""
import json
import signal

from harness import TOP, Daemon, Publisher, main, require, wait_for
from scene_kills import kill, kill_everything

SAMPLES = TOP / "samples"
FILE = """
  fixed:
    keys: ["fixed-key"]
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
"""
STALL = {"keys": ["stall-key"], "canvas": {"size": "320x180", "fps": 30}, "audio": {"bitrate": "64k"},
         "renditions": [{"name": "big", "size": "320x180", "bitrate": "300k"}], "encoder": {"preset": "ultrafast"},
         "hls": {"segment": "2s", "part": "200ms", "window": "30s"}, "slate": {"after": "1s", "grace": "60s"},
         "templates": ["templates/product-card.yaml"]}
AT = "/v1/channels/stall"


def changed(**more):
    return {**STALL, **more}


def made(daemon):
    """A daemon whose templates lie beside its configuration."""
    (daemon.folder / "templates").symlink_to(SAMPLES / "templates")
    return daemon


def refusals(daemon):
    refused = daemon.api("PUT", AT, changed(hls={"segment": "90s"}), 422)
    require(refused["errors"][0]["path"] == "hls.segment", f"{refused}")
    refused = daemon.api("PUT", AT, changed(templates=["/etc/passwd"]), 422)
    require(refused["errors"][0]["path"] == "templates[0]", f"{refused}")
    daemon.api("PUT", AT, changed(keys=["fixed-key"]), 409)
    daemon.api("PUT", "/v1/channels/fixed", STALL, 409)
    daemon.api("DELETE", "/v1/channels/fixed", None, 409)
    daemon.api("DELETE", AT, None, 404)
    daemon.api("PUT", "/v1/channels/not%20a%20name", STALL, 422)
    require([one["name"] for one in daemon.api("GET", "/v1/channels", expect=200)["channels"]] == ["fixed"], "one was made")


def takes_a_card(daemon):
    cue = daemon.api("POST", f"{AT}/cues", {"template": "com.example.product-card", "product": "shoe", "duration": 2}, 201)
    wait_for("the cue in the playlist", lambda: any(said["id"] == cue["id"] for _, said in daemon.media("big", "stall").dateranges()))


def while_a_show_runs(daemon):
    refused = daemon.api("PUT", AT, changed(audio={"bitrate": "96k"}), 409)
    require("end" in refused["detail"], f"{refused}")
    daemon.api("DELETE", AT, None, 409)
    daemon.api("PUT", AT, changed(takeover="refuse", slate={"after": "1s", "grace": "50s"}), 200)


def beside_the_files(daemon):
    """Both channels run side by side."""
    with Publisher(daemon, "fixed-key"):
        daemon.segments("big", 1, channel="fixed")


def deaths(daemon):
    """The channel is the same after the origin's death and after everybody's, and its show goes on."""
    origin = kill(daemon, "vitrine origin")
    daemon.child("vitrine origin", other_than=origin)
    wait_for("the channel", lambda: daemon.api("GET", AT)[0] == 200)
    require(daemon.api("GET", AT, expect=200)["takeover"] == "refuse", "the change is lost")
    path = daemon.media("big", "stall").path
    last = daemon.media("big", "stall").segments()[-1]["msn"]
    kill_everything(daemon)
    daemon.start()
    with Publisher(daemon, "stall-key"):
        wait_for("the show to go on", lambda: daemon.media("big", "stall").segments()[-1]["msn"] > last + 1)
        require(daemon.media("big", "stall").path == path, "it is another show")
    require(daemon.api("GET", AT, expect=200)["takeover"] == "refuse", "the change is lost")


def ended_and_changed(daemon):
    daemon.api("POST", f"{AT}/end", expect=202)
    wait_for("the end", lambda: daemon.state("stall") == "off")
    wait_for("its publisher to be gone", lambda: not daemon.api("GET", f"{AT}/status", expect=200).get("publisher"))
    daemon.api("PUT", AT, changed(keys=["other-key"], canvas={"size": "160x90", "fps": 25},
                                  renditions=[{"name": "small", "size": "160x90", "bitrate": "200k"}]), 200)
    made_key = daemon.api("POST", f"{AT}/keys", expect=201)["key"]
    with Publisher(daemon, "stall-key") as old:
        wait_for("the old key to be refused", lambda: old.process.poll() is not None)
    with Publisher(daemon, made_key):
        playlist = daemon.segments("small", 1, channel="stall")
    index = daemon.playlist("/live/stall/index.m3u8").text
    require("RESOLUTION=160x90" in index and "FRAME-RATE=25" in index, index)
    return made_key, playlist.sequence()


def removed(daemon, made_key, first):
    daemon.api("POST", f"{AT}/end", expect=202)
    wait_for("nobody to use it", lambda: daemon.api("DELETE", AT)[0] == 204)
    daemon.api("GET", AT, expect=404)
    for key in ("other-key", made_key):
        with Publisher(daemon, key) as publisher:
            wait_for(f"{key} to be refused", lambda: publisher.process.poll() is not None)
    answer = daemon.api("PUT", AT, STALL, 201)
    require(answer["definition"]["canvas"] == STALL["canvas"] and "keys" not in answer["definition"], f"{answer}")
    require(daemon.api("GET", f"{AT}/keys", expect=200)["keys"] == [], "keys outlived their channel")
    with Publisher(daemon, "stall-key"):
        wait_for("numbers above the old", lambda: (got := daemon.media("big", "stall")) and not got.ended() and
                 got.segments() and got.sequence() > first)


def scene_a_channel_is_made_used_and_removed():
    with made(Daemon(channels=FILE)) as daemon:
        refusals(daemon)
        answer = daemon.api("PUT", AT, STALL, 201)
        require(answer["name"] == "stall" and not answer["fixed"] and answer["warnings"] == [], f"{answer}")
        require("stall-key" not in json.dumps(answer), "a key is shown")
        with Publisher(daemon, "stall-key"):
            daemon.segments("big", 2, channel="stall")
            takes_a_card(daemon)
            while_a_show_runs(daemon)
            beside_the_files(daemon)
            deaths(daemon)
        key, first = ended_and_changed(daemon)
        removed(daemon, key, first)
        kept = b"".join(path.read_bytes() for path in (daemon.folder / "var").glob("state.db*"))
        require(b"stall-key" not in kept and b"other-key" not in kept, "a key is kept as it is")


def scene_a_server_of_made_channels_alone():
    """Without any channel in the file; kept over an orderly restart; as many as there may be."""
    with made(Daemon(channels=" {}\n")) as daemon:
        daemon.api("PUT", AT, STALL, 201)
        with Publisher(daemon, "stall-key"):
            daemon.segments("big", 1, channel="stall")
        daemon.process.send_signal(signal.SIGTERM)
        require(daemon.process.wait(30) == 0, "it did not end well")
        daemon.start()
        with Publisher(daemon, "stall-key"):
            wait_for("another show", lambda: daemon.media("big", "stall") and not daemon.media("big", "stall").ended())
        for number in range(31):
            daemon.api("PUT", f"/v1/channels/c{number}", {}, 201)
        daemon.api("PUT", "/v1/channels/one-more", {}, 409)
        daemon.api("DELETE", "/v1/channels/c7", None, 204)
        daemon.api("PUT", "/v1/channels/one-more", {}, 201)
        require(len(daemon.api("GET", "/v1/channels", expect=200)["channels"]) == 32, "not 32")


if __name__ == "__main__":
    main()
