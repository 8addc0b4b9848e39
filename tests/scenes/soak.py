#!/usr/bin/env python3
"""Several publishers for a while, with processes killed at random: `soak.py SECONDS [SEED [CHANNELS]]`.

At the end the processes must be there, with no more descriptors than at the first third and hardly more memory; and no
playlist may ever have shown a discontinuity, a media sequence number that went back, or a segment that changed."""
import os
import random
import signal
import socket
import sys
import time

from cases import count_descriptors, own_kilobytes
from harness import Daemon, Publisher, require, wait_for
from srt_wire import Caller

KEPT = ("supervisor", "gate rtmp", "gate srt", "origin")     # whose memory is held against what it was
MORE_KB = 4096                                               # ... and may be so much more
PAUSE_S = (1.5, 4)                                           # between two kills
BACK_S = 40                                                  # for everything to be there again at the end
PICTURE = "testsrc2=size=160x90:rate=15"


def channels(names):
    return "".join(f"""
  {name}:
    keys: ["{name}-key"]
    canvas: {{size: 160x90, fps: 15}}
    renditions: [{{name: big, size: 160x90, bitrate: 100k}}]
    slate: {{after: 1s, grace: 900s}}
    encoder: {{preset: ultrafast}}
""" for name in names)


class Soak:
    def __init__(self, daemon, names, seed):
        self.daemon, self.names, self.chance = daemon, names, random.Random(seed)
        self.publishers, self.known, self.kills = {}, {name: {} for name in names}, []
        self.crashed = {name: [] for name in names}

    def publish(self):
        """An encoder that is cut off comes back, as they do."""
        for name in self.names:
            if name not in self.publishers or self.publishers[name].process.poll() is not None:
                self.publishers[name] = Publisher(self.daemon, f"{name}-key", PICTURE)

    def look(self):
        for name in self.names:
            playlist = self.daemon.media("big", name)
            if not playlist:
                continue                 # the origin may be away
            require("#EXT-X-DISCONTINUITY\n" not in playlist.text, f"{name}: a discontinuity\n{playlist.text}")
            known = self.known[name]
            for segment in playlist.segments():
                before = known.setdefault(segment["msn"], segment)
                require((before["uri"], before["gap"]) == (segment["uri"], segment["gap"]), f"{name}: {before} is {segment}")
            require(not known or playlist.segments()[-1]["msn"] >= max(known) - 1, f"{name}: its numbers went back")

    def kill(self):
        """Not the ingests of one key so often that it is not let in any more."""
        kind = self.chance.choice(("ingest", "ingest", "studio", "gate rtmp", "gate srt", "origin", "publisher"))
        name = self.chance.choice(self.names)
        if kind == "publisher":
            self.publishers[name].stop(self.chance.choice((signal.SIGTERM, signal.SIGKILL)))
            return
        if kind == "ingest":
            recent = [at for at in self.crashed[name] if time.monotonic() - at < 60]
            if len(recent) >= 3:
                return
            self.crashed[name] = [*recent, time.monotonic()]
        title = f"vitrine {kind} {name}" if kind in ("ingest", "studio") else f"vitrine {kind}"
        pid = self.daemon.children().get(title)
        if pid:
            self.kills.append(title)
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                pass

    def all_there(self):
        self.publish()
        found = self.daemon.children()
        return all(f"vitrine {role} {name}" in found for role in ("ingest", "studio") for name in self.names) and \
            "vitrine origin" in found and all(self.daemon.state(name) == "live" for name in self.names)

    def use_gates(self):
        """A gate that has just been started again makes some of its descriptors with its first connection: so that there
        was one."""
        with socket.create_connection(("127.0.0.1", self.daemon.rtmp_port), 15) as stranger:
            stranger.sendall(b"\x03")
            stranger.shutdown(socket.SHUT_WR)
            stranger.recv(1)
        with Caller(self.daemon.srt_port, "127.0.0.1") as stranger:
            stranger.cookie()

    def measure(self):
        """{process: (kilobytes, descriptors)}"""
        wait_for("everything to be there", self.all_there, BACK_S)
        self.use_gates()
        found = {"supervisor": self.daemon.process.pid,
                 **{title.removeprefix("vitrine "): pid for title, pid in self.daemon.children().items()}}
        return {title: (own_kilobytes(found[title]), count_descriptors(found[title])) for title in KEPT}

    def run(self, seconds):
        until = time.monotonic() + seconds
        next_kill = time.monotonic() + 5
        while time.monotonic() < until:
            self.publish()
            self.look()
            if time.monotonic() > next_kill:
                self.kill()
                next_kill = time.monotonic() + self.chance.uniform(*PAUSE_S)
            time.sleep(0.2)              # between two looks, not for anything to happen

    def settle(self, before):
        """An encoder that is just coming back holds a descriptor for a moment."""
        now = {}

        def settled():
            now.update(self.measure())
            return all(now[title][1] <= before[title][1] for title in KEPT)
        wait_for("descriptors to come back", settled, BACK_S)
        return now

    def check(self, before, now):
        for title in KEPT:
            kilobytes = now[title][0] - before[title][0]
            require(kilobytes <= MORE_KB, f"{title} has {kilobytes} KB more: {before[title]}, {now[title]}")
        for name in self.names:
            numbers = sorted(self.known[name])
            require(len(numbers) > 1 and numbers == list(range(numbers[0], numbers[-1] + 1)), f"{name}: {numbers}")

    def close(self):
        for publisher in self.publishers.values():
            publisher.stop()


def soak(seconds, seed=1, count=3):
    names = [f"c{number}" for number in range(count)]
    with Daemon(channels=channels(names)) as daemon:
        run = Soak(daemon, names, seed)
        try:
            run.run(seconds / 3)
            before = run.measure()
            run.run(seconds * 2 / 3)
            now = run.settle(before)
            run.check(before, now)
        finally:
            run.close()
        growth = {title: now[title][0] - before[title][0] for title in KEPT}
        print(f"# {seconds} s, seed {seed}: {len(run.kills)} kills, segments "
              f"{[len(known) for known in run.known.values()]}, KB more {growth}", flush=True)


if __name__ == "__main__":
    arguments = [int(argument) for argument in sys.argv[1:]]
    if not 1 <= len(arguments) <= 3:
        sys.exit(__doc__)
    soak(*arguments)
