#!/usr/bin/env python3
"""What dies, and what a viewer sees: every process killed in turn, a publisher that is gone for a while. The playlists
never show a discontinuity, numbers and times go on, and the picture comes back."""
import os
import re
import signal
import tempfile
import time
from datetime import datetime
from pathlib import Path

from asking import ask
from boxes import decode_time, frames, timescale
from harness import CHANNEL, TOP, Daemon, Playlist, Publisher, decode_errors, fetch_rendition, http, main, require, wait_for

NAMES = ("big", "small", "audio")
SHORT_GRACE = (CHANNEL % TOP.joinpath("samples", "templates", "product-card.yaml")).replace("grace: 30s", "grace: 2s")
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
            wait_for("the picture through the new gate", lambda: daemon.state() == "live")


def scene_an_ingest_that_hangs_is_killed_slate_meanwhile():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        with Publisher(daemon, picture=WHITE) as publisher:
            daemon.segments("audio", 1)
            follower.fresh(1)
            hangs = daemon.child("vitrine ingest mango")
            os.kill(hangs, signal.SIGSTOP)
            wait_for("the slate", lambda: daemon.state() == "slate")
            wait_for("its end", lambda: hangs not in daemon.children().values())
            wait_for("the encoder to notice", lambda: publisher.process.poll() is not None)
        require("has said nothing for 3 s" in daemon.text(), "it was not killed for its silence")
        with Publisher(daemon, picture=WHITE):
            wait_for("the picture", lambda: daemon.state() == "live")
            follower.fresh(2)
            require(min(brightness(daemon, folder, 30)) > 200, "the picture did not come back")
        follower.check_times()


def scene_a_key_whose_ingests_crash_is_refused_for_a_while():
    with Daemon() as daemon:
        ingest = None
        for _ in range(5):
            with Publisher(daemon, picture="testsrc2=size=160x90:rate=15") as publisher:
                ingest = daemon.child("vitrine ingest mango", other_than=ingest)
                os.kill(ingest, signal.SIGKILL)
                wait_for("the encoder to be cut off", lambda: publisher.process.poll() is not None)
        answer = ask(daemon.rtmp_port, "mango-key")
        require(answer.description.startswith("The server failed on this stream"), f"{answer.code} {answer.description}")
        other = daemon.api("POST", "/v1/channels/mango/keys", expect=201)["key"]
        require(ask(daemon.rtmp_port, other).granted(), "another key was refused, too")
        wait_for("it to be counted", lambda: daemon.api("GET", "/v1/channels/mango/status", expect=200)["faults"] ==
                 {"crashes": 5, "hangs": 0, "bans": 1})
        text = daemon.api("GET", "/metrics", expect=200).decode()
        require('vitrine_ingest_crashes_total{channel="mango"} 5' in text and
                'vitrine_key_bans_total{channel="mango"} 1' in text, text)


def scene_ingest_killed_slate_until_the_publisher_is_back():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        with Publisher(daemon, picture=WHITE) as publisher:
            daemon.segments("audio", 1)
            follower.fresh(1)
            kill(daemon, "vitrine ingest mango")
            wait_for("the encoder to notice", lambda: publisher.process.poll() is not None)
        wait_for("the slate", lambda: daemon.state() == "slate")
        follower.fresh(2)
        require(max(brightness(daemon, folder, 30)) < 200, "no slate was shown")
        with Publisher(daemon, picture=WHITE):
            wait_for("the picture", lambda: daemon.state() == "live")
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
        wait_for("the new origin", lambda: http(daemon.url("/healthz"))[0] == 200)
        require(daemon.api("GET", "/v1/products/kept", expect=200)["title"] == "Kept", "the product is gone")
        listed = wait_for("the cues again", lambda: daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"])
        require(any(one["id"] == cue["id"] for one in listed), f"the cue is gone: {listed}")
        daemon.api("PATCH", "/v1/products/kept", {"price": {"amount": 400, "currency": "EUR"}}, 200)
        wait_for("the price on air", lambda: any(
            one["id"] == cue["id"] and one["rev"] >= 2
            for one in daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"]))
        follower.fresh(2)
        follower.check_times()


def open_parts(daemon, name):
    """What is listed of the segment in the making."""
    return re.findall(r'URI="([^"]+)",?', daemon.media(name).text.rsplit(".m4s\n", 1)[1].split("#EXT-X-PRELOAD")[0])


def check_closed(daemon, follower, broken):
    """The segment that was open holds just its listed parts, in every rendition."""
    if not all(broken.values()):
        return                               # it had just been closed
    for name in NAMES:
        msn = int(re.search(r"-(\d+)\.0\.m4s", broken[name][0])[1])
        segment = follower.known[name][msn]
        folder = daemon.media(name).path.rsplit("/", 1)[0]
        require(not segment["gap"], f"{segment} is a gap")
        parts = [http(daemon.url(f"{folder}/{part}"))[2] for part in broken[name]]
        whole = http(daemon.url(segment["uri"]))[2]
        require(whole.startswith(b"".join(parts)), f"{segment} is not its parts {broken[name]}")
        require(segment["duration"] < 2.01, f"{segment} lasts too long")


def check_recording(daemon, follower):
    """The show from its first segment to its last, in the same words as it was live, with all cues."""
    live = daemon.media("big")
    daemon.api("POST", "/v1/channels/mango/end", expect=202)
    show = live.path.split("/")[3]
    at = f"/live/mango/recordings/{show}/main"
    wait_for("the end of the recording", lambda: b"#EXT-X-ENDLIST" in http(daemon.url(f"{at}/audio.m3u8"))[2], 20)
    follower.look_all()
    require(b"big.m3u8" in http(daemon.url(f"{at}/index.m3u8"))[2], "no multivariant playlist")
    for name in NAMES:
        playlist = Playlist(http(daemon.url(f"{at}/{name}.m3u8"))[2].decode(), f"{at}/{name}.m3u8")
        listed = {segment["msn"]: segment for segment in playlist.segments()}
        require(playlist.tag("EXT-X-PLAYLIST-TYPE") == "EVENT" and playlist.ended(), f"{name}: not an ended EVENT")
        require(playlist.sequence() == 1 and len(listed) >= len(follower.known[name]), f"{name}: {len(listed)} segments")
        for msn, known in follower.known[name].items():
            for word in ("duration", "gap", "time"):
                require(listed[msn].get(word) == known.get(word), f"{name}: {listed[msn]} was live {known}")
            if not known["gap"]:
                require(http(daemon.url(listed[msn]["uri"]))[2] == http(daemon.url(known["uri"]))[2], f"{name}: {msn}")
        cues = [cue["id"] for _, cue in playlist.dateranges()]
        require("kept" in cues, f"{name}: the recording has no cue")
        more = http(daemon.url(f"{at}/{playlist.dateranges()[0][1]['more']}"))
        require(more[0] == 200, f"{name}: the cue's product is gone")
    require(b"#EXT-X-BYTERANGE" in http(daemon.url(f"{at}/big-iframes.m3u8"))[2], "no key frames")


def scene_studio_killed_same_show_goes_on():
    recorded = (CHANNEL % TOP.joinpath("samples", "templates", "product-card.yaml")).replace(
        "    slate:", "    hls: {record: yes}\n    slate:")
    with (Daemon(channels=recorded) as daemon, Publisher(daemon, picture=WHITE),
          tempfile.TemporaryDirectory() as folder):
        follower = Follower(daemon)
        daemon.segments("audio", 2)
        follower.fresh(1)
        daemon.api("PUT", "/v1/products/mug", {"title": "Mug", "price": {"amount": 500, "currency": "EUR"}})
        daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.product-card", "product": "mug",
                                                      "id": "kept", "duration": 1}, 201)
        maps = {name: http(daemon.url(daemon.media(name).map()))[2] for name in NAMES}
        wait_for("parts of an open segment", lambda: len(open_parts(daemon, "big")) >= 2)
        gone = kill(daemon, "vitrine studio mango")
        broken = {name: open_parts(daemon, name) for name in NAMES}
        daemon.child("vitrine studio mango", other_than=gone)
        follower.fresh(3)
        require(maps == {name: http(daemon.url(daemon.media(name).map()))[2] for name in NAMES}, "another init segment")
        follower.check_times(gaps=4)
        check_closed(daemon, follower, broken)
        wait_for("the picture", lambda: daemon.state() == "live")
        follower.fresh(1)
        require(min(brightness(daemon, folder, 20)) > 200, "the picture did not come back")
        check_recording(daemon, follower)


def scene_publisher_gone_for_ten_seconds():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        with Publisher(daemon, picture=WHITE) as publisher:
            daemon.segments("audio", 1)
            follower.fresh(1)
            publisher.stop(signal.SIGKILL)
        wait_for("the slate", lambda: daemon.state() == "slate")
        follower.fresh(5)                             # ten seconds of slate
        require(max(brightness(daemon, folder, 30)) < 200, "no slate was shown")
        with Publisher(daemon, picture=WHITE):
            wait_for("the picture", lambda: daemon.state() == "live")
            follower.fresh(2)
            require(min(brightness(daemon, folder, 30)) > 200, "the picture did not come back")
        follower.check_times()


def scene_newest_publisher_takes_over():
    with Daemon() as daemon, Publisher(daemon, picture=WHITE) as first, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        daemon.segments("audio", 1)
        with Publisher(daemon, picture="color=c=0x303030:size=640x360:rate=25"):
            wait_for("the first publisher to be sent away", lambda: first.process.poll() is not None)
            follower.fresh(2)
            require(max(brightness(daemon, folder, 20)) < 100, "the second publisher's picture is not on")
        follower.check_times()


def scene_end_of_the_show():
    """After its grace the show ends for good; the next one has higher numbers and the same address."""
    with Daemon(channels=SHORT_GRACE) as daemon:
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


def kill_everything(daemon):
    """Kills the supervisor; its children end with it."""
    pids = list(daemon.children().values())
    require(len(pids) >= 4, f"too few processes: {daemon.children()}")
    daemon.process.kill()
    daemon.process.wait()
    wait_for("the children to end with the supervisor", lambda: not any(is_vitrine(pid) for pid in pids))


def is_vitrine(pid):
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().startswith(b"vitrine") and \
            "Z" not in Path(f"/proc/{pid}/stat").read_text().split(")")[1].split()[0]
    except OSError:
        return False


def scene_everything_killed_the_show_goes_on():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        follower = Follower(daemon)
        with Publisher(daemon, picture=WHITE):
            daemon.segments("audio", 2)
            follower.fresh(1)
            maps = {name: http(daemon.url(daemon.media(name).map()))[2] for name in NAMES}
            path = daemon.media("big").path
            daemon.api("PUT", "/v1/products/kept", {"title": "Kept", "price": {"amount": 500, "currency": "EUR"}})
            cue = daemon.api("POST", "/v1/channels/mango/cues",
                             {"template": "com.example.product-card", "product": "kept"}, 201)
            kill_everything(daemon)
        daemon.start()
        with Publisher(daemon, picture=WHITE):
            follower.fresh(3)
            require(daemon.media("big").path == path, "another show")
            wait_for("the cue on air again", lambda: any(
                one["id"] == cue["id"] and one["state"] == "live" and one["rev"] > cue["rev"]
                for one in daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"]))
            require(maps == {name: http(daemon.url(daemon.media(name).map()))[2] for name in NAMES},
                    "another init segment")
            follower.check_times(gaps=7)
            wait_for("the picture", lambda: daemon.state() == "live")
            follower.fresh(1)
            require(min(brightness(daemon, folder, 20)) > 200, "the picture did not come back")


def scene_everything_killed_long_ago_the_show_is_over():
    """A show that broke off longer ago than its grace is ended at the start; the next one has higher numbers."""
    with Daemon(channels=SHORT_GRACE) as daemon:
        with Publisher(daemon):
            path = daemon.segments("audio", 2).path
            kill_everything(daemon)
        last = {name: max(segment["msn"] for segment in on_disk(daemon, path, name).segments()) for name in NAMES}
        broken = time.time()
        wait_for("the grace to pass", lambda: time.time() > broken + 3)
        daemon.start()
        for name in NAMES:
            require(on_disk(daemon, path, name).ended(), f"{name} was not ended")
            require(not any(segment["gap"] for segment in on_disk(daemon, path, name).segments()), f"{name}: a gap")
        require(daemon.state() == "off", f"it is {daemon.state()}")
        with Publisher(daemon):
            fresh = wait_for("the next show", lambda: next(
                (playlist for playlist in [daemon.media("big")] if playlist and not playlist.ended()), None), 30)
        require(fresh.sequence() > last["big"], f"the next show starts at {fresh.sequence()}, the last ended at {last}")


def ends(daemon, playlist):
    """What goes on no more when everything is started again."""
    daemon.start()
    wait_for("the end of the show", lambda: all(on_disk(daemon, playlist.path, name).ended() for name in NAMES))
    wait_for("no show", lambda: daemon.state() == "off")


def scene_everything_killed_another_form_is_another_show():
    """A rendition that is made in another way may not go on under the same names: the show ends, the next begins above it."""
    with Daemon() as daemon:
        with Publisher(daemon):
            old = daemon.segments("audio", 2)
            whole = {name: http(daemon.url(daemon.media(name).map()))[2] for name in NAMES}
            paths = {name: daemon.media(name).map() for name in NAMES}
            kill_everything(daemon)
        last = {name: max(segment["msn"] for segment in on_disk(daemon, old.path, name).segments()) for name in NAMES}
        text = daemon.config.read_text()
        require("bitrate: 300k" in text, text)
        daemon.config.write_text(text.replace("bitrate: 300k", "bitrate: 350k"))
        ends(daemon, old)
        with Publisher(daemon):
            fresh = wait_for("the next show", lambda: next(
                (playlist for playlist in [daemon.media("big")] if playlist and not playlist.ended()), None), 30)
            require(fresh.path.split("/")[3] != old.path.split("/")[3], "the same show")
            require(fresh.sequence() > last["big"], f"the next show starts at {fresh.sequence()}, the last ended at {last}")
            require(whole == {name: http(daemon.url(paths[name]))[2] for name in NAMES}, "an init segment has changed")
            wait_for("its playlists", lambda: all(daemon.media(name) for name in NAMES))
            kill_everything(daemon)
        init = daemon.folder / "var" / fresh.map().lstrip("/")
        init.write_bytes(init.read_bytes() + b"as by another encoder")
        ends(daemon, fresh)


def on_disk(daemon, path, name):
    """A rendition's playlist beside that at `path`, as it stands in its file."""
    file = daemon.folder / "var" / path.lstrip("/")
    return Playlist(file.with_name(f"{name}.m3u8").read_text(), path)


def scene_a_studio_that_cannot_start_is_given_up():
    """Its number cannot be read, so each start fails; after a few the show ends, and the daemon goes on."""
    with Daemon() as daemon:
        number = daemon.folder / "var" / "live" / "mango" / "sequence"
        number.parent.mkdir(parents=True)
        number.write_text("rubbish")
        with Publisher(daemon) as publisher:
            wait_for("the studio to be given up", lambda: daemon.state() == "failed", 40)
            wait_for("the publisher to be sent away", lambda: publisher.process.poll() is not None)
        require("died 8 times in a row" in daemon.text(), "the log does not say so")
        require("vitrine studio mango" not in daemon.children(), "a studio runs")
        require(daemon.media("big") is None, "there is a playlist")
        number.write_text("41\n")
        with Publisher(daemon):
            daemon.segments("audio", 1)
            require(daemon.media("big").sequence() >= 41, "the number was not taken up")


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
