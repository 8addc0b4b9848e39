#!/usr/bin/env python3
"""Other people's players on finished shows: hls.js, Shaka Player and video.js play a rendered file and an ended show's
recording from start to end, and go back."""
import tempfile
from datetime import datetime

from harness import MACHINE, Daemon, Playlist, Publisher, main, require, wait_for
from scene_check import Static
from scene_modes import recording_of
from scene_players import SOURCE, TS, Players, channels, render_vod, take, tell

SECONDS = 12
RECORDED = 5                           # segments of the show that is recorded
# The ways by which the cue must come; more are no fault.
WAYS = {"vod hls.js": {"in band", "range"}, "vod shaka": {"in band", "range"}, "vod video.js": {"in band", "range"},
        "ts hls.js": {"in band", "range"}, "ts shaka": {"id3", "range"}, "ts video.js": {"in band", "range"}}


def seconds_of(date):
    return datetime.fromisoformat(date.replace("Z", "+00:00")).timestamp()


class Show:
    """What a media playlist says of a finished show with one cue: how long it is, and where its cue begins."""

    def __init__(self, playlist):
        require(playlist.ended(), f"{playlist.path} has no end")
        self.seconds = sum(segment["duration"] for segment in playlist.segments())
        attributes, cue = next((tag, cue) for tag, cue in playlist.dateranges() if cue["op"] == "start")
        self.key = f"{cue['id']}.{cue['rev']}.start"
        self.at = seconds_of(attributes["START-DATE"]) - seconds_of(playlist.segments()[0]["time"])


def check_to_the_end(name, seen, show, busy):
    require(not seen["errors"], f"{name}: {seen['errors']}")
    require(busy or not seen["stalls"], f"{name} stalled: {seen['stalls']}")
    require(abs(seen["time"] - show.seconds) < 0.2, f"{name} ended at {seen['time']} of {show.seconds} s")
    for way in WAYS[name]:
        came = seen["ways"].get(way, {}).get(show.key, [])
        # Shaka Player reads a transport stream for picture and for sound. After a stall a segment may be read again.
        often = 2 if way == "id3" else 1
        require(len(came) == often or (came and seen["stalls"]), f"{name}: {show.key} came {came} by {way}")
        require(all(abs(at - show.at) < 0.1 for at in came), f"{name}: {show.key} came for {came} by {way}, not {show.at}")
    times = [one["time"] for one in seen["shows"]]
    require(len(times) == 1 and -0.1 < times[0] - show.at < (2 if busy else 0.4), f"{name}: shown at {times}, not {show.at}")


def go_back(players, shows):
    """Into the middle of the cue, whose button is there again; before it, where there is none; and on from there."""
    def go(place, wanted, on=False):
        for name, show in shows.items():
            players.do("seek", name=name, to=show.at + place, on=on)

        def all_are_there():
            return all(bool(one["buttons"]) == wanted and (on or abs(one["time"] - shows[name].at - place) < 0.1)
                       for name, one in players.do("look").items())
        wait_for(f"the state {place} s from the start of the cue", all_are_there)

    go(1.5, True)
    go(-1, False)
    go(-1, True, on=True)
    errors = {name: one["errors"] for name, one in players.do("look").items() if one["errors"]}
    require(not errors, f"after going back: {errors}")


def record(daemon, channel):
    """A show that has ended; the address of its recording."""
    with Publisher(daemon, f"{channel}-key", SOURCE):
        daemon.segments("big", 2, 40, channel)
        take(daemon, channel, duration=3)
        daemon.segments("big", RECORDED, 40, channel)
        at = recording_of(daemon, channel)
        daemon.api("POST", f"/v1/channels/{channel}/end", expect=202)
        big = at.replace("index", "big")
        wait_for("the end of the recording", lambda: (playlist := daemon.playlist(big)) and playlist.ended())
    return at


def play_finished_shows(seconds):
    recorded = channels(ts=TS).replace("window: 30s", "window: 30s, record: yes")
    with (Daemon(channels=channels(plain="none") + recorded) as daemon, tempfile.TemporaryDirectory() as folder,
          Static(folder) as static, Players() as players):
        vod = render_vod(daemon, folder, seconds, at=4, duration=4)
        at = record(daemon, "ts")
        media = next(vod.rglob("big.m3u8"))
        shows = {"vod": Show(Playlist(media.read_text(), "/big.m3u8")), "ts": Show(daemon.playlist(at.replace("index", "big")))}
        begin = MACHINE.now()
        players.play("vod", f"{static.url}/vod/index.m3u8")
        players.play("ts", daemon.url(at))
        wait_for("the end", lambda: all(one["ended"] or one["errors"] for one in players.do("look").values()), 3 * seconds + 30)
        seen = players.do("look")
        print(f"# {MACHINE.words(begin)}", flush=True)
        for name, one in seen.items():
            tell(name, one)
        for name, one in seen.items():
            check_to_the_end(name, one, shows[name.split()[0]], MACHINE.disturbed(begin))
        go_back(players, {name: shows[name.split()[0]] for name in seen})


def scene_three_players_play_finished_shows():
    play_finished_shows(SECONDS)


if __name__ == "__main__":
    main()
