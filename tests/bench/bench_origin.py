"""script/bench origin: the origin against nginx on the same files, and what thousands of blocked requests cost."""
import os
import re
import resource
import select
import shutil
import socket
import statistics
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "scenes"))
from harness import TOP, Daemon, Publisher, free_ports, http, require, wait_for   # noqa: E402

CLIENTS, WRK_SECONDS = 64, 4
FILES = {"parts of 80 kB": ("p", 80_000, 64), "segments of 600 kB": ("s", 600_000, 24)}
HELD = (5_000, 20_000)
CHANNEL = """
  bench:
    keys: ["bench-key"]
    canvas: {size: 160x90, fps: 30}
    renditions:
      - {name: video, size: 160x90, bitrate: 100k}
    encoder: {preset: ultrafast}
    hls: {segment: 10s, part: 1s, window: 60s}
"""


def cpu_s(pid):
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(") ", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def pss_mb(pid):
    return int(re.search(r"^Pss:\s+(\d+)", Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M)[1]) / 1024


# ---- against nginx

def nginx_for(folder, data, port):
    """nginx with one worker, which is what the origin has; (process, its worker's pid)."""
    text = (TOP / "samples/edge/static.nginx.conf").read_text()
    for was, now in (("worker_processes auto", "worker_processes 1"), ("127.0.0.1:8090", f"127.0.0.1:{port}"),
                     ("root var;", f"root {data};")):
        text = text.replace(was, now)
    (folder / "nginx.conf").write_text(("user root;\n" if os.geteuid() == 0 else "") + text)
    process = subprocess.Popen(["nginx", "-p", folder, "-c", folder / "nginx.conf", "-g", "daemon off;"],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    workers = wait_for("nginx", lambda: subprocess.run(["pgrep", "-P", str(process.pid)], capture_output=True, text=True).stdout)
    return process, int(workers.split()[0])


def load(folder, base, stem, count, pid):
    """(requests a second, CPU microseconds of the server for one)."""
    script = folder / "walk.lua"
    script.write_text(f"local n = 0\nrequest = function()\n  n = n % {count} + 1\n"
                      f"  return wrk.format('GET', '/live/bench/show/main/{stem}-' .. n .. '.m4s')\nend\n")
    before = cpu_s(pid)
    text = subprocess.run(["wrk", "-t1", f"-c{CLIENTS}", f"-d{WRK_SECONDS}s", "-s", script, base], capture_output=True,
                          text=True, check=True).stdout
    require("Non-2xx" not in text and "Socket errors" not in text, text)
    answered = int(re.search(r"(\d+) requests in", text)[1])
    return float(re.search(r"Requests/sec:\s+([\d.]+)", text)[1]), (cpu_s(pid) - before) / answered * 1e6


def make_tree(data):
    main = data / "live/bench/show/main"
    main.mkdir(parents=True)
    for stem, size, count in FILES.values():
        for number in range(1, count + 1):
            (main / f"{stem}-{number}.m4s").write_bytes(os.urandom(size))
    return main


def against_nginx(folder, rounds):
    with Daemon(CHANNEL) as daemon:
        make_tree(daemon.folder / "var")
        (port,) = free_ports(1)
        nginx, worker = nginx_for(folder, daemon.folder / "var", port)
        servers = {"nginx, one worker": (f"http://127.0.0.1:{port}", worker),
                   "vitrine's origin": (daemon.url(""), daemon.child("vitrine origin"))}
        try:
            for what, (stem, _, count) in FILES.items():
                rows = {name: [] for name in servers}
                for number in range(rounds + 1):
                    for name, (base, pid) in servers.items():
                        row = load(folder, base, stem, count, pid)
                        if number:
                            rows[name].append(row)
                medians = {name: [statistics.median(column) for column in zip(*row)] for name, row in rows.items()}
                theirs = medians["nginx, one worker"]
                print(f"{what} from the page cache, {CLIENTS} connections")
                for name, (rate, micros) in medians.items():
                    print(f"  {name:<20} {rate:9.0f} a second  {rate / theirs[0]:.2f} of nginx (goal 0.9)   "
                          f"{micros:6.1f} us CPU each  {micros / theirs[1]:.2f}")
        finally:
            nginx.terminate()
            nginx.wait(10)


# ---- requests that wait

def open_held(port, path, count):
    text = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()
    sockets = []
    for _ in range(count):
        one = socket.create_connection(("127.0.0.1", port))
        one.sendall(text)
        sockets.append(one)
    return sockets


def wake_times(sockets):
    """When each had its first bytes; all must be 200."""
    poll, left = select.epoll(), {one.fileno(): one for one in sockets}
    for number in left:
        poll.register(number, select.EPOLLIN | select.EPOLLONESHOT)
    times, until = [], time.monotonic() + 30
    while left:
        require(time.monotonic() < until, f"{len(left)} requests have no answer")
        for number, _ in poll.poll(1, 512):
            times.append(time.monotonic())
            require(left.pop(number).recv(12) == b"HTTP/1.1 200", "an answer that is not 200")
    return times


def hold(daemon, count):
    pid = daemon.child("vitrine origin")
    playlist = daemon.media("video", "bench")
    last = wait_for("a new segment", lambda: (lambda now: now if now > playlist.segments()[-1]["msn"] else None)(
        daemon.media("video", "bench").segments()[-1]["msn"]), 20)
    before = pss_mb(pid)
    sockets = open_held(daemon.http_port, f"{playlist.path}?_HLS_msn={last + 2}", count)
    status = wait_for("all to wait", lambda: waiting(daemon) == count, 15)
    held = pss_mb(pid)
    times = wake_times(sockets)
    for one in sockets:
        one.close()
    require(status, "")
    print(f"  {count:6} blocked playlist requests  {held - before:6.1f} MB ({(held - before) * 1e6 / count:.0f} bytes each), "
          f"woken within {(max(times) - min(times)) * 1000:.0f} ms of the first")


def waiting(daemon):
    text = daemon.api("GET", "/metrics", expect=200).decode()
    return int(re.search(r"^vitrine_\w*waiting\w* (\d+)", text, re.M)[1])


def held_requests():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    room = hard * 3 // 4 - 200                 # what the origin lets in of the files that it may open
    with Daemon(CHANNEL) as daemon, Publisher(daemon, key="bench-key", picture="color=size=160x90:rate=30"):
        daemon.segments("video", 1, 60, "bench")
        print("requests that wait for the next segment but one")
        for count in HELD:
            if count > room:
                print(f"  {count:6} do not fit: a process may open {hard} files here")
            hold(daemon, min(count, room))


def origin(folder, given, rounds):
    against_nginx(folder, rounds)
    held_requests()
