"""script/bench latency: from a picture's last byte to its part over HTTP, and to the glass of hls.js. Every picture carries
its number, so that what is read back says by itself when it was sent."""
import statistics
import subprocess
import sys
import threading
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenes"))
import boxes                                                                     # noqa: E402
from harness import TOP, Daemon, require, wait_for                               # noqa: E402
from scene_low_latency import Client                                             # noqa: E402
from browser import Browser                                                      # noqa: E402

PUBLISH = TOP / "build" / "tests" / "tools" / "ertmp_publish"
WIDTH, HEIGHT, RATE, BITS, SIDE = 640, 360, 30, 16, 16
FOLLOWED, JOINS, JOIN_SECONDS = 20, 20, 4
CHANNEL = """
  bench:
    keys: ["bench-key"]
    canvas: {size: 640x360, fps: 30}
    renditions:
      - {name: video, size: 640x360, bitrate: 900k}
    hls: {segment: 2s, part: %s, window: 60s}
"""


def numbered(folder, seconds):
    """A film without B-frames whose pictures carry their numbers in squares along the upper edge."""
    path = folder / "numbered.mp4"
    strip = f"nullsrc=size={BITS * SIDE}x{SIDE}:rate={RATE},format=gray,geq=lum='255*mod(floor(N/pow(2\\,floor(X/{SIDE})))\\,2)'"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={WIDTH}x{HEIGHT}:rate={RATE}",
                    "-f", "lavfi", "-i", strip, "-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000", "-filter_complex",
                    "[0][1]overlay=0:0:shortest=0,format=yuv420p", "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast",
                    "-tune", "zerolatency", "-b:v", "2M", "-g", str(RATE), "-c:a", "aac", path], check=True)
    return path


class Source:
    """The publisher, and when it sent which picture."""

    def __init__(self, daemon, path):
        self.sent = []                             # by number: (monotonic, real) in microseconds
        self.process = subprocess.Popen([PUBLISH, "--times", str(daemon.rtmp_port), "bench-key", path], text=True,
                                        stdout=subprocess.PIPE)
        self.thread = threading.Thread(target=self.listen, daemon=True)
        self.thread.start()

    def listen(self):
        for line in self.process.stdout:
            if line.startswith("sent "):
                self.sent.append(tuple(map(int, line.split()[1:])))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(10)
        self.thread.join(10)


# ---- to the part

def follow(daemon, path):
    """[(bytes, when the last was there in microseconds)] of every part for FOLLOWED seconds."""
    client, out = Client(daemon), []
    edge = client.list(path).edge()
    until = time.monotonic() + FOLLOWED
    while time.monotonic() < until:
        listing = client.list(path, msn=edge[0], part=edge[1])
        for msn, parts in sorted(listing.parts.items()):
            for number, part in enumerate(parts):
                if (msn, number) >= edge:
                    _, data = client.get(urllib.parse.urljoin(path, part["URI"]))
                    out.append((data, time.monotonic_ns() // 1000))
        edge = listing.edge()
    return out


def sample_count(part):
    return sum(int.from_bytes(payload[4:8], "big") for path, payload in boxes.boxes(part) if path[-1] == "trun")


def read_number(picture):
    at = [SIDE // 2 * WIDTH + bit * SIDE + SIDE // 2 for bit in range(BITS)]
    return sum(1 << bit for bit, place in enumerate(at) if picture[place] > 127)


def part_latencies(daemon, source, folder):
    path = daemon.media("video", "bench").path
    parts = follow(daemon, path)
    _, init = Client(daemon).get(daemon.media("video", "bench").map())
    film = folder / "parts.mp4"
    film.write_bytes(init + b"".join(data for data, _ in parts))
    _, pictures = boxes.frames(film, WIDTH, HEIGHT)
    counts = [sample_count(data) for data, _ in parts]
    # What comes before the first key frame is not decoded: count from the end.
    number, out = len(pictures), []
    for (_, got_us), count in zip(reversed(parts), reversed(counts)):
        if number < count:
            break
        last = read_number(pictures[number - 1])
        if last < len(source.sent):
            out.append((got_us - source.sent[last][0]) / 1000)
        number -= count
    require(len(out) > FOLLOWED, f"only {len(out)} parts could be read back")
    return sorted(out)


# ---- to the glass

def glass_latencies(daemon, source):
    out = []
    with Browser(daemon.url("/watch/bench")) as browser:
        for _ in range(JOINS):
            browser.do("open", url=daemon.url("/watch/bench"))
            start = wait_for("the picture", lambda: browser.do("look")["time"] or None, 30)
            wait_for("some seconds of it", lambda: browser.do("look")["time"] > start + JOIN_SECONDS, 30)
            seen = browser.do("stamp", count=BITS, side=SIDE)
            if seen["number"] < len(source.sent):
                out.append(seen["shown"] - source.sent[seen["number"]][1] / 1000)
    require(len(out) >= JOINS * 3 // 4, f"only {len(out)} pictures could be read")
    return sorted(out)


def latency(folder, given, rounds):
    film = numbered(folder, 40 + FOLLOWED + JOINS * (JOIN_SECONDS + 6))
    for part_ms in (333, 200):
        with Daemon(CHANNEL % f"{part_ms}ms") as daemon, Source(daemon, film) as source:
            daemon.segments("video", 3, 60, "bench")
            to_part = part_latencies(daemon, source, folder)
            to_glass = glass_latencies(daemon, source)
        print(f"latency with parts of {part_ms} ms, 640x360 at 30, a publisher without B-frames")
        print(f"  last byte of a part's last picture in, its part read: median {statistics.median(to_part):.0f} ms, "
              f"99th percentile {to_part[len(to_part) * 99 // 100]:.0f} ms (goal {part_ms + 150})")
        print(f"  sent to shown in hls.js, {len(to_glass)} joins:          median {statistics.median(to_glass):.0f} ms "
              f"(goal {4 * part_ms + 250})")
