"""What the scenes share: a daemon with a configuration and ports of its own, publishers, the API, playlists, frames.

A scene is a script of functions named scene_…; harness.main() runs them in order and prints TAP. Nothing sleeps for a
fixed time: wait_for() asks again until its condition holds or its limit is over.
"""
import base64
import contextlib
import ctypes
import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import traceback
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path
from typing import NamedTuple

TOP = Path(__file__).resolve().parent.parent.parent
VITRINE = TOP / "build" / "vitrine"
POLL = 0.05


class Failure(Exception):
    """A requirement of a scene does not hold."""


class Skip(Exception):
    """A scene cannot run here; its text says why."""


def require(condition, text):
    if not condition:
        raise Failure(text)


def wait_for(what, condition, limit=30):
    """The first true value of condition(); Failure after `limit` seconds. Limits are there for what never comes: they say
    nothing about how fast it must come, and a busy machine must be able to keep them."""
    until = time.monotonic() + limit
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > until:
            raise Failure(f"waited {limit} s for {what}")
        time.sleep(POLL)


class Machine(threading.Thread):
    """How late a thread of ours wakes, which tells a machine that stands still from a daemon that does."""
    EVERY_S, LATE_S = 0.01, 0.03

    def __init__(self):
        super().__init__(daemon=True)
        self.late = []                           # (when it should have woken, how much later it did)
        self.start()

    def run(self):
        while True:
            due = time.monotonic() + self.EVERY_S
            time.sleep(self.EVERY_S)
            if (late := time.monotonic() - due) > self.LATE_S:
                self.late.append((due, late))

    def now(self):
        """A moment for the other calls: what they tell is since then."""
        return Moment(time.monotonic(), *processor_times())

    def stalls(self, since):
        """[seconds] of each time that it stood still."""
        return [late for due, late in list(self.late) if due + late > since.time]

    def longest(self, since):
        return max(self.stalls(since), default=0)

    def busy(self, since):
        """The share of its processors' time that was used, or kept from it."""
        busy, all_time = processor_times()
        return (busy - since.busy) / max(1, all_time - since.all_time)

    def disturbed(self, since):
        """Whether pictures may have been late for its sake."""
        return self.longest(since) > 0.04 or self.busy(since) > 0.85

    def words(self, since):
        stalls = self.stalls(since)
        seen = f"{len(stalls)} times, {max(stalls) * 1000:.0f} ms at worst, {sum(stalls):.1f} s in all" if stalls else "never"
        return (f"in these {time.monotonic() - since.time:.0f} s the machine's processors were busy for "
                f"{self.busy(since):.0%}, and it stood still for more than {self.LATE_S * 1000:.0f} ms {seen}")


class Moment(NamedTuple):
    time: float
    busy: int                                    # ticks
    all_time: int


def processor_times():
    """(busy, all) ticks of all processors; busy is also what the host of a virtual machine keeps from it."""
    ticks = [int(field) for field in Path("/proc/stat").read_text(encoding="ascii").split("\n", 1)[0].split()[1:9]]
    return sum(ticks) - ticks[3] - ticks[4], sum(ticks)


MACHINE = Machine()
LIBC = ctypes.CDLL(None)


def end_with_us():
    """In a child before it becomes a program: it is asked to end when the scene dies, however that dies."""
    LIBC.prctl(1, signal.SIGTERM)                # PR_SET_PDEATHSIG


def session_of(pid):
    """All processes of the session that `pid` leads, whatever groups they have made for themselves."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            fields = (entry / "stat").read_text(errors="replace").rsplit(")", 1)[1].split() if entry.name.isdigit() else []
        except OSError:
            continue                             # it has just ended
        if fields and int(fields[3]) == pid and fields[0] != "Z":
            found.append(int(entry.name))
    return found


def end_session(process, limit=15):
    """Ends a process that was started with start_new_session=True, and all that it has started."""
    for how in (signal.SIGTERM, signal.SIGKILL):
        until = time.monotonic() + limit
        for pid in session_of(process.pid):
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, how)
        while (process.poll() is None or session_of(process.pid)) and time.monotonic() < until:
            time.sleep(POLL)
    process.wait()


FIRST_PORT, PORTS = 10000, 22000                 # below those that the kernel gives to connections
NEXT_PORT = itertools.count(os.getpid() * 97)    # elsewhere than a scene that runs beside this one


def is_free(port):
    for kind in (socket.SOCK_STREAM, socket.SOCK_DGRAM):
        with socket.socket(socket.AF_INET, kind) as one:
            try:
                one.bind(("127.0.0.1", port))
            except OSError:
                return False
    return True


def free_ports(count):
    ports = (FIRST_PORT + number % PORTS for number in NEXT_PORT)
    return list(itertools.islice(filter(is_free, ports), count))


def http(url, method="GET", body=None, headers=None, limit=15):
    """(status, headers, bytes); statuses from 400 are no exceptions, a refused connection is status 0."""
    request = urllib.request.Request(url, method=method, data=body, headers=headers or {})
    try:
        with urllib.request.urlopen(request, timeout=limit) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError:
        return 0, {}, b""


CHANNEL = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 640x360, fps: 30}
    renditions:
      - {name: big, size: 640x360, bitrate: 900k}
      - {name: small, size: 320x180, bitrate: 300k}
    slate: {after: 1s, grace: 30s}
    encoder: {preset: ultrafast}
    templates: [%s]
"""


class Daemon:
    """`vitrine serve` with a throw-away folder."""

    def __init__(self, channels=None, templates=None, window="60s", extra=""):
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-scene-"))
        self.rtmp_port, self.http_port, self.admin_port, self.srt_port = free_ports(4)
        samples = TOP / "samples" / "templates"
        paths = templates or [samples / f"{name}.yaml" for name in ("product-card", "price-ticker", "flash-sale")]
        body = channels or CHANNEL % ", ".join(str(path) for path in paths)
        self.config = self.folder / "vitrine.yaml"
        self.config.write_text(
            f'listen: {{rtmp: "127.0.0.1:{self.rtmp_port}", http: "127.0.0.1:{self.http_port}", '
            f'admin: "127.0.0.1:{self.admin_port}", srt: "127.0.0.1:{self.srt_port}"}}\n'
            f"data: {self.folder}/var\nadmin: {{token_file: {self.folder}/var/admin.token}}\n"
            f"products: {TOP}/samples/products.json\n{extra}channels:{body}")
        self.log = open(self.folder / "log", "w+b")
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, kind, error, trace):
        code = None
        if self.process and self.process.poll() is None:
            code = self.stop()
        if kind:
            sys.stdout.write("".join(f"# log: {line}\n" for line in self.text().splitlines()[-40:]))
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)
        if not kind and code:
            raise Failure(f"vitrine serve ended with {code}")

    def start(self):
        self.process = subprocess.Popen([VITRINE, "serve", "--config", self.config], cwd=self.folder,
                                        stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT,
                                        start_new_session=True, preexec_fn=end_with_us)
        wait_for("the daemon to serve", lambda: self.process.poll() is not None or
                 http(self.url("/healthz"))[0] == 200)
        require(self.process.poll() is None, "the daemon ended while starting")

    def stop(self, limit=30):
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(limit)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            raise Failure(f"the daemon did not end within {limit} s of SIGTERM") from None

    def text(self):
        self.log.flush()
        return (self.folder / "log").read_text(errors="replace")

    def url(self, path):
        return f"http://127.0.0.1:{self.http_port}{path}"

    def server(self):
        return f"rtmp://127.0.0.1:{self.rtmp_port}/live"

    def children(self):
        """{title: pid} of the daemon's processes; several of one title: the newest."""
        listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.process.pid)],
                                capture_output=True, text=True).stdout
        rows = [line.strip().split(None, 1) for line in listed.splitlines()]
        return {re.sub(r"^.*?vitrine ", "vitrine ", row[1]).strip(): int(row[0]) for row in rows if len(row) == 2}

    def child(self, title, other_than=None):
        def find():
            pid = self.children().get(title)
            return pid if pid and pid != other_than else None
        return wait_for(f"a process {title!r}", find)

    def api(self, method, path, body=None, expect=None, headers=None):
        """(status, decoded body, headers) of an API call; with `expect`, just the body of that status."""
        token = (self.folder / "var" / "admin.token").read_text().strip()
        kind = "application/merge-patch+json" if method == "PATCH" and "/products/" in path else "application/json"
        status, got, text = http(f"http://127.0.0.1:{self.admin_port}{path}", method,
                                 json.dumps(body).encode() if body is not None else None,
                                 {"Authorization": f"Bearer {token}", "Content-Type": kind, **(headers or {})})
        decoded = json.loads(text) if text and "json" in got.get("Content-Type", "") else text
        if expect is None:
            return status, decoded, got
        require(status == expect, f"{method} {path}: {status} instead of {expect}: {decoded}")
        return decoded

    def playlist(self, path):
        status, _, text = http(self.url(path))
        return Playlist(text.decode(), path) if status == 200 else None

    def media(self, name, channel="mango"):
        """The media playlist of a rendition, found as a player finds it; None before it is there."""
        index = self.playlist(f"/live/{channel}/index.m3u8")
        if not index:
            return None
        for uri in index.uris() + re.findall(r'URI="([^"]+)"', index.text):
            if uri.endswith(f"/{name}.m3u8") or uri == f"{name}.m3u8":
                return self.playlist(urllib.parse.urljoin(index.path, uri))
        return None

    def segments(self, name, count, limit=30, channel="mango"):
        """Waits until a rendition lists `count` segments; its playlist."""
        def ready():
            playlist = self.media(name, channel)
            return playlist if playlist and len(playlist.segments()) >= count else None
        return wait_for(f"{count} segments of {name}", ready, limit)

    def state(self, channel="mango"):
        return self.api("GET", f"/v1/channels/{channel}/status", expect=200).get("state")


class Playlist:
    def __init__(self, text, path):
        self.text, self.path = text, path

    def uris(self):
        return [line for line in self.text.splitlines() if line and not line.startswith("#")]

    def tag(self, name):
        found = re.search(rf"^#{name}:(.*)$", self.text, re.M)
        return found[1] if found else None

    def sequence(self):
        return int(self.tag("EXT-X-MEDIA-SEQUENCE"))

    def segments(self):
        """[{msn, uri, duration, gap, time}] of those listed."""
        out, msn, now = [], self.sequence(), {}
        for line in self.text.splitlines():
            if line.startswith("#EXTINF:"):
                now["duration"] = float(line[8:].split(",")[0])
            elif line.startswith("#EXT-X-PROGRAM-DATE-TIME:"):
                now["time"] = line.split(":", 1)[1]
            elif line.startswith("#EXT-X-GAP"):
                now["gap"] = True
            elif line and not line.startswith("#"):
                out.append({"gap": False, **now, "msn": msn, "uri": urllib.parse.urljoin(self.path, line)})
                msn, now = msn + 1, {}
        return out

    def ended(self):
        return "#EXT-X-ENDLIST" in self.text

    def dateranges(self):
        """The cues of the EXT-X-DATERANGE tags, each with its tag's attributes."""
        out = []
        for line in re.findall(r"^#EXT-X-DATERANGE:(.*)$", self.text, re.M):
            attributes = dict(re.findall(r'([A-Z0-9-]+)=(?:"([^"]*)")?', line))
            attributes["DURATION"] = re.search(r"DURATION=([0-9.]+)", line)[1]
            coded = attributes["X-COM-VITRINE-CUE"]
            cue = json.loads(base64.urlsafe_b64decode(coded + "=" * (-len(coded) % 4)))
            out.append((attributes, cue))
        return out

    def map(self):
        return urllib.parse.urljoin(self.path, re.search(r'#EXT-X-MAP:URI="([^"]+)"', self.text)[1])


class Publisher:
    """ffmpeg that pushes a test picture in real time until it is stopped."""

    def __init__(self, daemon, key="mango-key", picture="testsrc2=size=640x360:rate=30",
                 sound="sine=frequency=440:sample_rate=48000", extra=()):
        self.log = tempfile.TemporaryFile()
        sound_in = ["-re", "-f", "lavfi", "-i", sound] if sound else []
        self.process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-re", "-f", "lavfi", "-i", picture, *sound_in,
             "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p",
             "-c:a", "aac", *extra, "-f", "flv", f"{daemon.server()}/{key}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=end_with_us)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self, how=signal.SIGTERM):
        if self.process.poll() is None:
            self.process.send_signal(how)
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:        # it waits for a daemon that does not read
                self.process.kill()
                self.process.wait()

    def text(self):
        self.log.seek(0)
        return self.log.read().decode(errors="replace")


def fetch_rendition(daemon, playlist, to):
    """Writes a rendition's init segment and listed segments into one file."""
    with open(to, "wb") as file:
        for uri in [playlist.map(), *[segment["uri"] for segment in playlist.segments() if not segment["gap"]]]:
            status, _, data = http(daemon.url(uri))
            require(status == 200, f"{uri}: {status}")
            file.write(data)
    return to


def decode_errors(path):
    """What ffmpeg complains about when it decodes all of a file."""
    return subprocess.run(["ffmpeg", "-nostdin", "-v", "warning", "-i", path, "-f", "null", "-"], text=True,
                          capture_output=True).stderr.strip()


def probe(path, *what):
    answer = subprocess.run(["ffprobe", "-v", "error", *what, "-of", "json", path], capture_output=True, text=True)
    require(answer.returncode == 0, f"ffprobe {path}: {answer.stderr}")
    return json.loads(answer.stdout)


def main():
    """Runs the scene_… functions of the script that calls it, and prints TAP."""
    module = sys.modules["__main__"]
    scenes = [(name[6:], value) for name, value in vars(module).items() if name.startswith("scene_")]
    print(f"1..{len(scenes)}", flush=True)
    failures = 0
    for number, (name, scene) in enumerate(scenes, 1):
        begin = MACHINE.now()
        try:
            scene()
            print(f"ok {number} - {name}", flush=True)
        except Skip as reason:
            print(f"ok {number} - {name} # SKIP {reason}", flush=True)
        except Exception as error:            # a scene that falls over has failed; the next one still runs
            failures += 1
            detail = str(error) if isinstance(error, Failure) else traceback.format_exc()
            sys.stdout.write("".join(f"# {line}\n" for line in [*detail.splitlines(), MACHINE.words(begin)]))
            print(f"not ok {number} - {name}", flush=True)
    sys.exit(1 if failures else 0)
