#!/usr/bin/env python3
"""How publishers end and how slow their decoders may be: a goodbye is told from a lost line, who can is asked to connect
again before a shutdown, and a decoder that gets a twentieth of its time gives up what it must, and recovers."""
import datetime
import os
import signal
import socket
import subprocess
import tempfile
import threading
from contextlib import contextmanager
from pathlib import Path

import flv_push
from harness import Daemon, Publisher, main, require, wait_for
from rtmp_wire import connect, number, setup

CHANNELS = "".join(f"""
  {name}:
    keys: ["{name}-key"]
    canvas: {{size: 320x180, fps: 30}}
    renditions: [{{name: big, size: 320x180, bitrate: 300k}}]
    slate: {{after: 1s, grace: 600s, ended: 2s}}
    encoder: {{preset: ultrafast}}
""" for name in ("mango", "papaya"))
LARGE = "testsrc2=size=1920x1080:rate=60"


def status(daemon, channel="mango"):
    return daemon.api("GET", f"/v1/channels/{channel}/status", expect=200)


def until_the_end(one):
    """Seconds from the end of its publisher to the end of the show, as its status says."""
    ends = datetime.datetime.fromisoformat(one["studio"]["grace_ends"].replace("Z", "+00:00"))
    return (ends - datetime.datetime.fromisoformat(one["ended"]["at"].replace("Z", "+00:00"))).total_seconds()


def wait_for_end(daemon, reason):
    def ended():
        one = status(daemon)
        studio = one.get("studio") or {}
        return one if (one.get("ended") or {}).get("reason") == reason and "grace_ends" in studio else None
    return wait_for(f"the end in the status: {reason}", ended)


def scene_a_goodbye_is_not_a_lost_line():
    with Daemon(channels=CHANNELS) as daemon:
        with Publisher(daemon, picture="testsrc2=size=320x180:rate=30") as publisher:
            wait_for("the picture", lambda: daemon.state() == "live")
            publisher.stop(signal.SIGKILL)
            lost = wait_for_end(daemon, "lost")
        require(lost["studio"]["reason"] == "lost" and until_the_end(lost) > 500, f"{lost['studio']} {lost['ended']}")
        with tempfile.TemporaryDirectory() as folder:
            tags = flv_push.read(flv_push.encode(Path(folder) / "a.flv", 2))
            flv_push.publish(daemon, "mango-key", tags, lambda tag: tag.ms)          # ends with deleteStream
        said = wait_for_end(daemon, "unpublished")
        require(said["studio"]["reason"] == "unpublished" and until_the_end(said) < 10, f"{said['studio']} {said['ended']}")
        require(said["show"] == lost["show"], "another show began in between")
        wait_for("the end of the show", lambda: daemon.state() == "off", 20)


def heard_until(encoder, words):
    heard = b""
    while words not in heard:
        got = encoder.recv(4096)
        require(got, f"the connection ended without {words}: {heard[-200:]!r}")
        heard += got
    return heard


def scene_who_can_is_asked_to_connect_again():
    """Before a shutdown; one that did not say that it can is told at once."""
    with Daemon(channels=CHANNELS) as daemon:
        dial = [socket.create_connection(("127.0.0.1", daemon.rtmp_port), 20) for _ in range(2)]
        with dial[0] as able, dial[1] as plain:
            able.sendall(setup("mango-key", connect(capsEx=number(1 | 8))))
            plain.sendall(setup("papaya-key"))
            for encoder in (able, plain):
                heard_until(encoder, b"NetStream.Publish.Start")
            daemon.process.send_signal(signal.SIGTERM)
            asked = heard_until(able, b"ReconnectRequest")
            require(b"AppShutdown" not in asked, "it was cut off before it could go")
            require(b"ReconnectRequest" not in heard_until(plain, b"AppShutdown"), "one that cannot was asked, too")
            heard_until(able, b"AppShutdown")
        daemon.process.wait(20)


# ---- a decoder that is slower than its encoder

class Throttled(threading.Thread):
    """Lets a process run for `share` of the time."""

    def __init__(self, pid):
        super().__init__(daemon=True)
        self.pid, self.share, self.over = pid, 0.1, threading.Event()

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.join()

    def run(self):
        try:
            while not self.over.is_set():
                os.kill(self.pid, signal.SIGSTOP)
                self.over.wait(0.1 * (1 - self.share))
                os.kill(self.pid, signal.SIGCONT)
                self.over.wait(0.1 * self.share)
        except ProcessLookupError:
            pass


@contextmanager
def pushing(daemon, path):
    encoder = subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", path, "-c", "copy",
                                "-f", "flv", f"{daemon.server()}/mango-key"], stderr=subprocess.DEVNULL)
    try:
        yield encoder
    finally:
        encoder.kill()
        encoder.wait()


def large(folder):
    path = Path(folder) / "large.flv"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", LARGE, "-f", "lavfi", "-i", "sine=r=48000", "-t",
                    "4", "-c:v", "libx264", "-preset", "ultrafast", "-g", "60", "-bf", "2", "-pix_fmt", "yuv420p", "-c:a",
                    "aac", path], check=True)
    return path


def load(daemon):
    return (status(daemon).get("publisher") or {}).get("load") or {"left_out": 0, "hurried": 0, "behind_ms": 0}


def scene_who_keeps_up_no_longer_recovers():
    """An ingest of 1080p60 that runs for a twentieth of the time; its neighbour loses nothing."""
    with Daemon(channels=CHANNELS) as daemon, Publisher(daemon, "papaya-key", "testsrc2=size=320x180:rate=30"):
        daemon.segments("big", 2, channel="papaya")
        with tempfile.TemporaryDirectory() as folder, pushing(daemon, large(folder)):
            wait_for("pictures", lambda: ((status(daemon).get("publisher") or {}).get("frames") or 0) > 30)
            with Throttled(daemon.child("vitrine ingest mango")) as throttled:
                def gives_up():
                    throttled.share = max(0.02, throttled.share * 0.97)
                    return load(daemon)["left_out"] > 0
                wait_for("pictures to be left out", gives_up, 60)
                slow = load(daemon)
            require(slow["hurried"] > 0, f"nothing was hurried before: {slow}")
            wait_for("it to keep up again", lambda: load(daemon)["behind_ms"] < 250 and daemon.state() == "live", 60)
        require("discontinuity" not in daemon.media("big").text.lower().replace("discontinuity-sequence", ""), "a break")
        require(not daemon.media("big", "papaya").tag("EXT-X-GAP"), "the neighbour lost a segment")


if __name__ == "__main__":
    main()
