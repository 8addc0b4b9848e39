#!/usr/bin/env python3
"""Pictures that are not plain, through a real ingest, which has locked itself in: interlaced, turned, HDR; and a rate that
is lowered while the studio cannot keep up."""
import os
import signal
import subprocess
import tempfile
from pathlib import Path

from boxes import frames
from harness import CHANNEL, TOP, Daemon, Publisher, fetch_rendition, main, require, wait_for
from scene_enhanced_rtmp import Tool, publisher

HDR = "hdr-opt=1:repeat-headers=1:colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:log-level=none"


def done(daemon, what):
    status = wait_for(f"pictures that are {what}", lambda: next(
        (one for one in [publisher(daemon)] if one.get("video", {}).get("done") == what), None))
    require(status["errors"] == 0, f"{status}")
    return status


def last_picture(daemon, folder):
    """The newest picture that is listed, grey, 320x180."""
    return frames(fetch_rendition(daemon, daemon.segments("small", 1), Path(folder) / "v.mp4"), 320, 180)[1][-1]


def grey(picture, x, y):
    return picture[y * 320 + x]


def scene_interlaced_turned_and_hdr_pictures_are_made_plain():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        interlaced = ["-vf", "tinterlace=interleave_top,fps=30", "-flags", "+ilme+ildct", "-x264-params", "tff=1"]
        with Publisher(daemon, picture="testsrc2=size=640x360:rate=60", extra=interlaced):
            done(daemon, "deinterlaced")
            daemon.segments("small", 1)
        corner = "color=c=black:size=640x360:rate=30,drawbox=w=100:h=100:color=white:t=fill"
        turned = ["-bsf:v", "h264_metadata=display_orientation=insert:rotate=180", "-g", "600"]
        with Publisher(daemon, picture=corner, extra=turned):
            done(daemon, "turned")
            wait_for("an upright picture", lambda: next((True for one in [last_picture(daemon, folder)]
                                                         if grey(one, 300, 160) > 200 and grey(one, 20, 20) < 50), False))
        file = Path(folder) / "hdr.mp4"
        made = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i",
                               "color=c=gray:size=640x360:rate=30,format=yuv420p10le,lutyuv=y=573:u=512:v=512", "-t", "12",
                               "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", HDR, file],
                              capture_output=True, text=True, check=False)
        require(made.returncode == 0, made.stderr)
        with Tool(daemon, file):
            done(daemon, "HDR to SDR")
            # the reference white of BT.2408, 203 cd/m² of 1000, through BT.2390's roll-off
            white = (214 - 16) * 255 / 219             # as a grey picture of full range has it
            wait_for("that white", lambda: abs(grey(last_picture(daemon, folder), 160, 90) - white) <= 3)


def studio(daemon):
    return daemon.api("GET", "/v1/channels/mango/status", expect=200).get("studio") or {}


def scene_a_studio_that_was_held_up_lowers_its_rate_and_catches_up():
    with Daemon(channels=CHANNEL % (TOP / "samples/templates/product-card.yaml")) as daemon, Publisher(daemon):
        daemon.segments("small", 2)
        before = studio(daemon)
        pid = daemon.child("vitrine studio mango")
        os.kill(pid, signal.SIGSTOP)
        try:
            wait_for("it to be stopped", lambda: "\nState:\tT" in Path(f"/proc/{pid}/status").read_text())
            subprocess.run(["sleep", "0.8"], check=True)
        finally:
            os.kill(pid, signal.SIGCONT)
        after = wait_for("pictures to be left out", lambda: next((
            one for one in [studio(daemon)] if one.get("skipped", 0) > before["skipped"]), None))
        require(after["skipped"] - before["skipped"] < 30, f"more than a second was left out: {before} {after}")
        wait_for("it to have caught up", lambda: studio(daemon).get("lag_ms", 1000) < 100)
        playlist = daemon.segments("small", len(daemon.media("small").segments()) + 2)
        require("#EXT-X-DISCONTINUITY\n" not in playlist.text and "#EXT-X-GAP" not in playlist.text, playlist.text)


if __name__ == "__main__":
    main()
