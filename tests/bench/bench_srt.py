#!/usr/bin/env python3
"""SRT over lines that lose packets: a publisher behind the proxy of tests/tools/impair.c, and what of it reaches the
output. Prints, for each loss and latency, what SRT mended and what it could not, and the frames and sound that the output
lacks for it."""
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(TOP / "tests" / "scenes"))

from harness import Daemon, wait_for
from srt_wire import make_ts

SECONDS = 15
LOSSES, LATENCIES_MS = (1, 5, 20), (120, 500)
DELAY_MS = 10                            # each way
CHANNEL = """
  bench:
    keys: ["bench-key"]
    srt: {latency: 20ms}
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    slate: {after: 2s, grace: 300s}
    encoder: {preset: ultrafast}
"""


@contextmanager
def running(command, **more):
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, **more)
    try:
        yield process
    finally:
        process.terminate()
        process.wait()


def status(daemon):
    return daemon.api("GET", "/v1/channels/bench/status", expect=200)


def measure(daemon, sample, loss, latency_ms):
    impair = [TOP / "build/tests/tools/impair", "--seed", "1", "--loss", str(loss), "--delay", str(DELAY_MS), "udp",
              str(daemon.srt_port)]
    with running(impair, stdout=subprocess.PIPE, text=True) as line:
        port = int(line.stdout.readline().split()[1])
        with running(["ffmpeg", "-nostdin", "-v", "quiet", "-re", "-stream_loop", "-1", "-i", sample, "-c", "copy", "-f",
                      "mpegts", f"srt://127.0.0.1:{port}?streamid=bench-key&latency={latency_ms * 1000}"]):
            before = wait_for("three seconds of pictures", lambda: next(
                (one for one in [status(daemon)] if (one.get("publisher") or {}).get("frames", 0) > 90), None), 40)
            time.sleep(SECONDS)
            after = status(daemon)
    wait_for("the publisher to be gone", lambda: not status(daemon).get("publisher"))
    mended, was = after["publisher"]["srt"], before["publisher"]["srt"]
    counted = {name: mended[name] - was[name] for name in ("packets", "lost", "retransmitted", "dropped")}
    counted["damaged"] = after["publisher"]["errors"] - before["publisher"]["errors"]
    for name in ("frames", "repeated"):
        counted[name] = after["studio"][name] - before["studio"][name]
    return counted


def main():
    with Daemon(channels=CHANNEL) as daemon, tempfile.TemporaryDirectory() as folder:
        sample = Path(folder) / "sample.ts"
        make_ts(sample, 10)
        print(f"SRT at 320x180, 30 frames a second, {2 * DELAY_MS} ms round trip, loss both ways, {SECONDS} s each")
        print(f"  {'loss':>4} {'latency':>8} {'packets':>8} {'missing':>8} {'resent':>8} {'dropped':>8} {'damaged':>8} "
              f"{'frames':>8} {'repeated':>8}")
        for latency_ms in LATENCIES_MS:
            for loss in LOSSES:
                c = measure(daemon, sample, loss, latency_ms)
                print(f"  {loss:3} % {latency_ms:5} ms {c['packets']:8} {c['lost']:8} {c['retransmitted']:8} {c['dropped']:8} "
                      f"{c['damaged']:8} {c['frames']:8} {c['repeated']:8}", flush=True)


if __name__ == "__main__":
    main()
