#!/usr/bin/env python3
"""What dies, and what a viewer sees: every process killed in turn, a publisher that is gone for a while. The playlists
never show a discontinuity, numbers and times go on, and the picture comes back."""
import os
import signal
import tempfile
from datetime import datetime
from pathlib import Path

from boxes import decode_time, frames, timescale
from harness import CHANNEL, TOP, Daemon, Publisher, decode_errors, fetch_rendition, http, main, require, wait_for

NAMES = ("big", "small", "audio")
WHITE = "color=c=white:size=640x360:rate=30"


class Follower:
    """Remembers every segment that the playlists ever listed, and holds each new listing against it."""

    def __init__(self, daemon):
        self.daemon, self.known, self.data = daemon, {}, {}

    def look(self, name="big"):
        playlist = self.daemon.media(name)
        if playlist is None:
            return False
        require("EXT-X-DISCONTINUITY" not in playlist.text.replace("EXT-X-DISCONTINUITY-SEQUENCE", ""),
                f"{name}: a discontinuity")
        known = self.known.setdefault(name, {})
        if known:
            require(playlist.sequence() <= max(known) + 1, f"{name}: segments are missing in front of {playlist.sequence()}")
            require(playlist.segments()[-1]["msn"] >= max(known), f"{name}: media sequence went back")
        for segment in playlist.segments():
            before = known.setdefault(segment["msn"], segment)
            require((before["uri"], before["gap"]) == (segment["uri"], segment["gap"]), f"{name}: {segment} was {before}")
        return True

    def look_all(self):
        return all([self.look(name) for name in NAMES])

    def fresh(self, count=2):
        """Waits until every rendition lists `count` segments more than now."""
        self.look_all()
        goal = {name: max(self.known[name]) + count for name in NAMES}
        wait_for(f"{count} segments more", lambda: self.look_all() and
                 all(max(self.known[name]) >= goal[name] for name in NAMES), 30)

    def check_times(self, gaps=0):
        """Program times follow from durations, decode times follow from segment to segment."""
        for name in NAMES:
            segments = [self.known[name][msn] for msn in sorted(self.known[name])]
            require(sum(segment["gap"] for segment in segments) <= gaps, f"{name}: segments are marked as gaps")
            require([segment["msn"] for segment in segments] == list(range(segments[0]["msn"], segments[-1]["msn"] + 1)),
                    f"{name}: numbers are missing")
            clock = [datetime.fromisoformat(segment["time"].replace("Z", "+00:00")).timestamp() for segment in segments]
            for index in range(1, len(segments)):
                step = clock[index] - clock[index - 1]
                require(abs(step - segments[index - 1]["duration"]) < 0.002,
                        f"{name}: {segments[index]} begins {step} s after the one before")
            self.check_decode_times(name, segments)

    def check_decode_times(self, name, segments):
        scale = timescale(http(self.daemon.url(self.daemon.media(name).map()))[2])
        times = [None if segment["gap"] else decode_time(http(self.daemon.url(segment["uri"]))[2]) / scale
                 for segment in segments]
        start = next(time - sum(one["duration"] for one in segments[:index])
                     for index, time in enumerate(times) if time is not None)
        total = start
        for segment, time in zip(segments, times):
            require(time is None or abs(time - total) < 0.003, f"{name}: {segment['msn']} is at {time}, not {total}")
            total += segment["duration"]


def brightness(daemon, folder, count=45):
    """Mean grey of the last `count` pictures of the small rendition."""
    path = fetch_rendition(daemon, daemon.media("small"), Path(folder) / "v.mp4")
    errors = decode_errors(path)
    require(not errors, f"it does not decode: {errors}")
    _, pictures = frames(path, 320, 180)
    return [sum(picture[::97]) / len(picture[::97]) for picture in pictures[-count:]]


def kill(daemon, title):
    pid = daemon.child(title)
    os.kill(pid, signal.SIGKILL)
    return pid


def scene_gate_killed_publishers_go_on():
    with Daemon() as daemon, Publisher(daemon, picture=WHITE) as publisher, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        daemon.segments("audio", 1)
        follower.fresh(1)
        gone = kill(daemon, "vitrine gate rtmp")
        daemon.child("vitrine gate rtmp", other_than=gone)
        follower.fresh(2)
        require(publisher.process.poll() is None, f"the publisher was lost: {publisher.text()}")
        require(min(brightness(daemon, folder)) > 200, "the picture was interrupted")
        follower.check_times()
        publisher.stop()
        with Publisher(daemon, picture=WHITE):       # the new gate takes publishers
            wait_for("the picture through the new gate", lambda: daemon.state() == "live", 15)


def scene_ingest_killed_slate_until_the_publisher_is_back():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        with Publisher(daemon, picture=WHITE) as publisher:
            daemon.segments("audio", 1)
            follower.fresh(1)
            kill(daemon, "vitrine ingest mango")
            wait_for("the encoder to notice", lambda: publisher.process.poll() is not None, 15)
        wait_for("the slate", lambda: daemon.state() == "slate", 15)
        follower.fresh(2)
        require(max(brightness(daemon, folder, 30)) < 200, "no slate was shown")
        with Publisher(daemon, picture=WHITE):
            wait_for("the picture", lambda: daemon.state() == "live", 15)
            follower.fresh(2)
            require(min(brightness(daemon, folder, 30)) > 200, "the picture did not come back")
        follower.check_times()


def scene_origin_killed_nothing_acknowledged_is_lost():
    with Daemon() as daemon, Publisher(daemon, picture=WHITE):
        follower = Follower(daemon)
        daemon.segments("audio", 1)
        follower.fresh(1)
        daemon.api("PUT", "/v1/products/kept", {"title": "Kept", "price": {"amount": 500, "currency": "EUR"}})
        cue = daemon.api("POST", "/v1/channels/mango/cues",
                         {"template": "com.example.product-card", "product": "kept"}, 201)
        gone = kill(daemon, "vitrine origin")
        daemon.child("vitrine origin", other_than=gone)
        wait_for("the new origin", lambda: http(daemon.url("/healthz"))[0] == 200, 5)
        require(daemon.api("GET", "/v1/products/kept", expect=200)["title"] == "Kept", "the product is gone")
        listed = wait_for("the cues again", lambda: daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"], 5)
        require(any(one["id"] == cue["id"] for one in listed), f"the cue is gone: {listed}")
        daemon.api("PATCH", "/v1/products/kept", {"price": {"amount": 400, "currency": "EUR"}}, 200)
        wait_for("the price on air", lambda: any(
            one["id"] == cue["id"] and one["rev"] >= 2
            for one in daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"]), 5)
        follower.fresh(2)
        follower.check_times()


def scene_studio_killed_same_show_goes_on():
    with Daemon() as daemon, Publisher(daemon, picture=WHITE), tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        daemon.segments("audio", 2)
        follower.fresh(1)
        maps = {name: http(daemon.url(daemon.media(name).map()))[2] for name in NAMES}
        gone = kill(daemon, "vitrine studio mango")
        daemon.child("vitrine studio mango", other_than=gone)
        follower.fresh(3)
        require(maps == {name: http(daemon.url(daemon.media(name).map()))[2] for name in NAMES}, "another init segment")
        follower.check_times(gaps=3)
        wait_for("the picture", lambda: daemon.state() == "live", 15)
        follower.fresh(1)
        require(min(brightness(daemon, folder, 20)) > 200, "the picture did not come back")


def scene_publisher_gone_for_ten_seconds():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        with Publisher(daemon, picture=WHITE) as publisher:
            daemon.segments("audio", 1)
            follower.fresh(1)
            publisher.stop(signal.SIGKILL)
        wait_for("the slate", lambda: daemon.state() == "slate", 15)
        follower.fresh(5)                             # ten seconds of slate
        require(max(brightness(daemon, folder, 30)) < 200, "no slate was shown")
        with Publisher(daemon, picture=WHITE):
            wait_for("the picture", lambda: daemon.state() == "live", 15)
            follower.fresh(2)
            require(min(brightness(daemon, folder, 30)) > 200, "the picture did not come back")
        follower.check_times()


def scene_newest_publisher_takes_over():
    with Daemon() as daemon, Publisher(daemon, picture=WHITE) as first, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        daemon.segments("audio", 1)
        with Publisher(daemon, picture="color=c=0x303030:size=640x360:rate=25"):
            wait_for("the first publisher to be sent away", lambda: first.process.poll() is not None, 15)
            follower.fresh(2)
            require(max(brightness(daemon, folder, 20)) < 100, "the second publisher's picture is not on")
        follower.check_times()


def scene_end_of_the_show():
    """After its grace the show ends for good; the next one has higher numbers and the same address."""
    paths = ", ".join(str(path) for path in (TOP / "samples" / "templates").glob("*.yaml"))
    with Daemon(channels=(CHANNEL % paths).replace("grace: 30s", "grace: 2s")) as daemon:
        with Publisher(daemon):
            daemon.segments("audio", 2)
        ended = wait_for("EXT-X-ENDLIST", lambda: next(
            (playlist for playlist in [daemon.media("big")] if playlist and playlist.ended()), None), 20)
        last = ended.segments()[-1]["msn"]
        with Publisher(daemon):
            fresh = wait_for("the next show", lambda: next(
                (playlist for playlist in [daemon.media("big")]
                 if playlist and not playlist.ended() and playlist.path != ended.path), None), 30)
        require(fresh.sequence() > last, f"the next show starts at {fresh.sequence()}, the last ended at {last}")
        require(daemon.playlist(ended.path).ended(), "the ended show's playlist is gone")


def scene_drain():
    """SIGTERM: the playlists end, the exit code is 0."""
    with Daemon() as daemon, Publisher(daemon):
        daemon.segments("audio", 2)
        path = daemon.media("big").path
        require(daemon.stop() == 0, "it did not end with 0")
        on_disk = daemon.folder / "var" / path.lstrip("/")
        require("#EXT-X-ENDLIST" in on_disk.read_text(), "the playlist was not ended")
        left = [line for line in os.popen(f"ps -o args= --ppid {daemon.process.pid}").read().splitlines() if line]
        require(not left, f"processes are left: {left}")


if __name__ == "__main__":
    main()
