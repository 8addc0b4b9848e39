#!/usr/bin/env python3
"""Enhanced RTMP: HEVC, AV1 and VP9 with AAC, Opus and FLAC are decoded, sound and picture stay together, and a change of
codecs in mid-stream is nothing that a player sees."""
import subprocess
import tempfile
from pathlib import Path

from harness import MACHINE, TOP, Daemon, decode_errors, fetch_rendition, main, require, wait_for
from scene_publish import BEEP, FLASH, require_together

TOOL = TOP / "build" / "tests" / "tools" / "ertmp_publish"
PICTURE = {
    "hevc": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "log-level=none:bframes=2"],
    "av1": ["-c:v", "libsvtav1", "-preset", "12"],
    "vp9": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-b:v", "800k"],
    "h264": ["-c:v", "libx264", "-preset", "ultrafast"],
}


def encode(folder, name, picture, sound, seconds, suffix="mp4"):
    path = Path(folder) / f"{name}.{suffix}"
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", FLASH, "-f", "lavfi", "-i", BEEP,
                           "-t", str(seconds), "-vf", "scale=320:180", "-pix_fmt", "yuv420p", "-g", "30",
                           *PICTURE[picture], "-c:a", sound, "-ac", "2", path], capture_output=True, text=True,
                          check=False, env={"PATH": "/usr/bin:/bin", "SVT_LOG": "0"})
    require(done.returncode == 0, f"ffmpeg: {done.stderr}")
    return path


class Tool:
    """The test publisher, until it ends."""

    def __init__(self, daemon, *files, options=(), key="mango-key"):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen([TOOL, *options, str(daemon.rtmp_port), key, *files],
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.wait()
        self.log.close()

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")

    def finish(self, daemon, least):
        """Waits until everything is sent; at least so many pictures of it must have been decoded, without an error."""
        last = {}

        def ended():
            last.update(publisher(daemon))
            return self.process.poll() is not None
        wait_for("the publisher to end", ended, 40)
        require(self.process.returncode == 0, f"the publisher ended with {self.process.returncode}: {self.text()}")
        require(last["frames"] >= least and last["errors"] == 0 and last["dropped"] == 0, f"{last}")


def publisher(daemon):
    return daemon.api("GET", "/v1/channels/mango/status", expect=200).get("publisher") or {}


def codecs(daemon):
    status = publisher(daemon)
    return status.get("video", {}).get("codec"), status.get("audio", {}).get("codec")


def published(names, *files, options=()):
    """Publishes files, and holds the output against its flashes and beeps."""
    since = MACHINE.now()
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        with Tool(daemon, *files, options=options) as tool:
            wait_for(f"{names} in the status", lambda: codecs(daemon) == names)
            tool.finish(daemon, 200)
            wait_for("the picture to end", lambda: daemon.state() != "live")
        video = fetch_rendition(daemon, daemon.media("small"), Path(folder) / "v.mp4")
        audio = fetch_rendition(daemon, daemon.media("audio"), Path(folder) / "a.mp4")
        require(not decode_errors(video) and not decode_errors(audio), "the output does not decode")
        require("DISCONTINUITY" not in daemon.media("small").text, "a discontinuity")
        require_together(video, audio, since, 7)


def scene_hevc_and_aac():
    with tempfile.TemporaryDirectory() as folder:
        published(("HEVC", "AAC"), encode(folder, "a", "hevc", "aac", 9))


def scene_av1_and_opus():
    with tempfile.TemporaryDirectory() as folder:
        published(("AV1", "Opus"), encode(folder, "a", "av1", "libopus", 9))


def scene_vp9_and_flac_behind_modifiers():
    with tempfile.TemporaryDirectory() as folder:
        published(("VP9", "FLAC"), encode(folder, "a", "vp9", "flac", 9, "mkv"), options=["--modex", "--colour"])


def scene_codecs_change_in_mid_stream():
    with tempfile.TemporaryDirectory() as folder:
        files = [encode(folder, "a", "h264", "aac", 3), encode(folder, "b", "hevc", "aac", 3),
                 encode(folder, "c", "av1", "libopus", 4)]
        with Daemon() as daemon, Tool(daemon, *files) as tool:
            for names in (("H.264", "AAC"), ("HEVC", "AAC"), ("AV1", "Opus")):
                wait_for(f"{names} in the status", lambda want=names: codecs(daemon) == want)
            tool.finish(daemon, 240)
            playlist = daemon.media("small")
            require("DISCONTINUITY" not in playlist.text and "EXT-X-GAP" not in playlist.text, playlist.text)
            require(not decode_errors(fetch_rendition(daemon, playlist, Path(folder) / "v.mp4")), "it does not decode")


def scene_of_several_tracks_the_first_is_taken_and_the_others_are_named():
    with tempfile.TemporaryDirectory() as folder:
        file = encode(folder, "a", "hevc", "aac", 5)
        with Daemon() as daemon, Tool(daemon, file, options=["--multitrack"]) as tool:
            status = wait_for("the other track's name", lambda: publisher(daemon).get("left_out") and publisher(daemon))
            require(status["left_out"] == "video 1", f"{status}")
            tool.finish(daemon, 90)


if __name__ == "__main__":
    main()
