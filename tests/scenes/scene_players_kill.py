#!/usr/bin/env python3
"""hls.js plays on when the studio of its show is killed with SIGKILL: fragmented MP4 and MPEG-TS."""
import os
import signal

from harness import MACHINE, Daemon, Publisher, main, require, wait_for
from scene_players import SOURCE, TS, Players, channels, tell

MODES = ("plain", "ts")
BEHIND = 8                             # s of media after what was lost that have to be played


def last_segment(daemon, channel):
    return daemon.media("big", channel).segments()[-1]["msn"]


def kill_studios(daemon):
    for channel in MODES:
        gone = daemon.child(f"vitrine studio {channel}")
        os.kill(gone, signal.SIGKILL)
        daemon.child(f"vitrine studio {channel}", other_than=gone)


def scene_hls_js_plays_across_a_killed_studio():
    with Daemon(channels=channels(plain="none", ts=TS)) as daemon, Players() as players:
        with Publisher(daemon, "plain-key", SOURCE), Publisher(daemon, "ts-key", SOURCE):
            for channel in MODES:
                daemon.segments("big", 4, 40, channel)
                players.play(channel, daemon.url(f"/live/{channel}/index.m3u8"), kinds=("hls.js",))
            wait_for("both to play", lambda: all(one["playing"] > 3 for one in players.do("look").values()), 60)
            begin, before = MACHINE.now(), {channel: last_segment(daemon, channel) for channel in MODES}
            kill_studios(daemon)
            wait_for("segments after it", lambda: all(last_segment(daemon, channel) >= before[channel] + 4
                                                      for channel in MODES), 40)
            at = {name: one["time"] for name, one in players.do("look").items()}

            def plays_on():
                return all(one["errors"] or one["time"] > at[name] + BEHIND for name, one in players.do("look").items())
            wait_for("both to play on", plays_on, 60)
            for name, one in players.do("look").items():
                tell(name, one)
                require(not one["errors"], f"{name}: {one['errors']}")
                stood = sum(stall["seconds"] for stall in one["stalls"])
                require(stood < 4 or MACHINE.disturbed(begin), f"{name} stood still for {stood} s: {one['stalls']}")
            for channel in MODES:
                require("EXT-X-DISCONTINUITY" not in daemon.media("big", channel).text, f"{channel}: a discontinuity")


if __name__ == "__main__":
    main()
