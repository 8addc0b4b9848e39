#!/usr/bin/env python3
"""Players that come, seek, stall and go for a while: `soak_viewers.py SECONDS [SEED [VIEWERS]]`.

Nobody may get an answer that he did not ask for. After a third of the time and at the end all have gone: then the origin must
have no more descriptors than the first time, and hardly more memory; nor may the studio that wrote what they played."""
import http.client
import random
import sys
import threading
import time
import urllib.parse
from collections import Counter

from cases import count_descriptors, own_kilobytes
from harness import Daemon, Publisher, require, wait_for

MORE_KB = 4096                    # what a process may have more at the end
STEPS = (3, 15)                   # of one visit
STALL_S = (0.2, 3)                # that a player stops reading for
GONE_S = 40                       # for the origin to see that all have gone
CHANNEL = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 400k}, {name: small, size: 160x90, bitrate: 150k}]
    encoder: {preset: ultrafast}
    slate: {after: 1s, grace: 900s}
    hls: {segment: 1s, part: 200ms, window: 30s}
"""


class Left(Exception):
    """The soak is over, or pauses."""


class Viewer(threading.Thread):
    def __init__(self, soak, seed):
        super().__init__(daemon=True)
        self.soak, self.chance, self.connection, self.edge = soak, random.Random(seed), None, None

    def run(self):
        while not self.soak.over.is_set():
            if not self.soak.open.wait(0.5):
                continue
            try:
                self.visit()
            except (OSError, http.client.HTTPException) as error:
                self.soak.errors.append(f"{type(error).__name__}: {error}")
            except Left:
                pass
            finally:
                self.hang_up()

    def visit(self):
        self.connection = http.client.HTTPConnection("127.0.0.1", self.soak.port, timeout=20)
        self.path = self.chance.choice(self.soak.paths)
        self.soak.did["come"] += 1
        self.look("")
        for _ in range(self.chance.randint(*STEPS)):
            if not self.soak.open.is_set() or self.soak.over.is_set():
                raise Left
            step = self.chance.choice((self.follow, self.follow, self.follow, self.seek, self.stall, self.ask_wrongly))
            self.soak.did[step.__name__] += 1
            step()
        if self.chance.random() < 0.5:             # … while a request waits
            self.soak.did["go"] += 1
            self.connection.request("GET", f"{self.path}?_HLS_msn={self.edge[0] + 1}")

    def hang_up(self):
        if self.connection:
            self.connection.close()
            self.connection = None

    def get(self, path, wanted=(200,), **headers):
        self.connection.request("GET", path, headers=headers)
        answer = self.connection.getresponse()
        body = answer.read()
        if answer.status not in wanted:
            self.soak.errors.append(f"{answer.status} for {path}: {body[:80]}")
        return answer.status, body

    def look(self, query):
        status, body = self.get(self.path + query, (200, 503))
        lines = body.decode().splitlines()
        self.segments = [line for line in lines if line.endswith(".m4s") and line[0] != "#"]
        parts = [line.split('URI="')[1].split('"')[0] for line in lines if line.startswith("#EXT-X-PART:")]
        if status == 200 and parts:
            msn, part = parts[-1].rsplit("-", 1)[1].split(".")[:2]
            self.edge, self.part = (int(msn), int(part)), parts[-1]

    def follow(self):
        self.look(f"?_HLS_msn={self.edge[0]}&_HLS_part={self.edge[1] + 1}")
        self.get(urllib.parse.urljoin(self.path, self.part))

    def seek(self):
        # It may leave the window and the disk while we ask for it, on a machine that stands still.
        segment = urllib.parse.urljoin(self.path, self.chance.choice(self.segments))
        first = self.chance.randrange(2000)
        self.get(segment, (206, 404, 416), Range=f"bytes={first}-{first + self.chance.randrange(1, 5000)}")

    def stall(self):
        self.connection.request("GET", urllib.parse.urljoin(self.path, self.segments[-1]))
        answer = self.connection.getresponse()
        answer.read(1000)
        self.soak.over.wait(self.chance.uniform(*STALL_S))
        if self.chance.random() < 0.5:
            answer.read()
            return
        self.hang_up()
        raise Left

    def ask_wrongly(self):
        path, status = self.chance.choice(((f"{self.path}?_HLS_part=1", 400), (f"{self.path}?_HLS_msn=999999999", 400),
                                           (self.path.replace("big", "none"), 404), (self.path[:-5] + "-1.9.m4s", 404)))
        self.get(path, (200, 404) if status == 404 else (status,))


class Soak:
    def __init__(self, daemon, seed, count):
        self.daemon, self.port = daemon, daemon.http_port
        self.paths = [daemon.media(name).path for name in ("big", "small", "audio")]
        self.open, self.over = threading.Event(), threading.Event()
        self.did, self.errors = Counter(), []
        self.viewers = [Viewer(self, seed * 1000 + number) for number in range(count)]

    def run(self, seconds):
        until = time.monotonic() + seconds
        self.open.set()
        wait_for("the time to pass", lambda: time.monotonic() > until or self.errors or
                 not all(viewer.is_alive() for viewer in self.viewers), seconds + 10)
        self.open.clear()
        require(not self.errors, f"{len(self.errors)} answers were wrong: {self.errors[:5]}")
        require(all(viewer.is_alive() for viewer in self.viewers), "a viewer fell over")

    def measure(self):
        """{process: (kilobytes, descriptors)} once all have gone."""
        wait_for("viewers to hang up", lambda: not any(viewer.connection for viewer in self.viewers), GONE_S)
        children = self.daemon.children()
        found = {"origin": children["vitrine origin"], "studio": children["vitrine studio mango"]}
        least = count_descriptors(found["origin"])

        def gone():
            nonlocal least
            before, least = least, count_descriptors(found["origin"])
            return self.nobody_waits() and least == before
        wait_for("the origin to see it", gone, GONE_S)
        return {name: (own_kilobytes(pid), count_descriptors(pid)) for name, pid in found.items()}

    def nobody_waits(self):
        return "\nvitrine_http_waiting 0\n" in self.daemon.api("GET", "/metrics", expect=200).decode()


def soak(seconds, seed=1, count=60):
    with Daemon(channels=CHANNEL) as daemon, Publisher(daemon, picture="testsrc2=size=320x180:rate=30"):
        for name in ("big", "small", "audio"):
            daemon.segments(name, 8)
        run = Soak(daemon, seed, count)
        for viewer in run.viewers:
            viewer.start()
        try:
            run.run(seconds / 3)
            before = run.measure()
            run.run(seconds * 2 / 3)
            now = run.measure()
        finally:
            run.over.set()
        for name, (kilobytes, descriptors) in now.items():
            require(descriptors <= before[name][1], f"{name} has {descriptors} descriptors, {before[name][1]} before")
            require(kilobytes <= before[name][0] + MORE_KB, f"{name} has {kilobytes} KB, {before[name][0]} before")
        print(f"# {seconds} s, seed {seed}, {count} at a time: {dict(run.did)}; (KB, descriptors) {before} then {now}", flush=True)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    if not 1 <= len(arguments) <= 3:
        sys.exit(__doc__)
    soak(*arguments)
