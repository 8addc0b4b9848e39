#!/usr/bin/env python3
"""Cases 58 and 61 to 67: timestamps. A flash and a beep on every second of the source must come out a second apart and together,
one picture a tick, whatever is written beside them."""
import copy
import functools
import tempfile
import urllib.parse
from pathlib import Path

import cases
import flv_push
from boxes import frames, samples
from cases import Case
from flv_push import AUDIO, VIDEO
from harness import http, require, wait_for
from scene_publish import onsets, quiet_between

WHOLE = "flash and beep together, a picture a tick"
SECONDS = 9
HOUR = 3600 * 1000
SETTLED = 2                              # seconds of a publisher that are not looked at
TOGETHER = 0.040
TOGETHER_AGAIN = "where both are there, flash and beep together"
ROUGHLY = "flashes and beeps as they come, a picture a tick"


# ---- the output

def listed(stage, name):
    """{number: segment} of a rendition of the channel; empty before there is one."""
    playlist = stage.daemon.media(name, stage.channel)
    return {one["msn"]: one for one in playlist.segments()} if playlist else {}


def fetch(stage, name, msns, to):
    playlist = stage.daemon.media(name, stage.channel)
    require("#EXT-X-DISCONTINUITY\n" not in playlist.text and "#EXT-X-GAP" not in playlist.text, "a break in the playlist")
    found = {one["msn"]: one["uri"] for one in playlist.segments()}
    with open(to, "wb") as file:
        for uri in [playlist.map(), *[found[msn] for msn in msns]]:
            status, _, data = http(stage.daemon.url(urllib.parse.urljoin(playlist.path, uri)))
            require(status == 200, f"{uri}: {status}")
            file.write(data)
    return to


def look(stage, first, folder):
    """(flashes, beeps, pictures, seconds) of what has come since segment `first`; times in seconds."""
    last = max(listed(stage, "big"))
    wait_for("the sound of the last segment", lambda: last in listed(stage, "audio"))
    msns = range(first, last + 1)
    number, pictures = frames(fetch(stage, "big", msns, Path(folder) / "v.mp4"), 320, 180)
    start, sound = samples(fetch(stage, "audio", msns, Path(folder) / "a.mp4"))
    flashes = [(number + index) / 30 for index in onsets([one[len(one) // 2] for one in pictures], 128)]
    loud = [max(map(abs, sound[at:at + 48])) for at in range(0, len(sound) - 48, 48)]
    beeps = [start + index / 1000 for index in onsets(quiet_between(loud), 2000)]
    seconds = sum(listed(stage, "big")[msn]["duration"] for msn in msns)
    return flashes, beeps, pictures, seconds


def left_out(stage):
    """Ticks that the studio has let go by because the machine was too slow."""
    return stage.status(stage.channel)["studio"]["skipped"]


def check(flashes, beeps, pictures, seconds, expected, together=TOGETHER, skipped=0):
    require(-0.5 < seconds * 30 - len(pictures) < skipped + 0.5, f"{len(pictures)} pictures in {seconds} s, {skipped} left out")
    require(len(flashes) >= expected, f"only {len(flashes)} flashes, {len(beeps)} beeps")
    if not together:
        require(len(beeps) >= expected // 2, f"only {len(beeps)} beeps, {len(flashes)} flashes")
        return flashes
    settled = [flash for flash in flashes if flash >= flashes[0] + SETTLED - 0.5]
    for flash in settled[:-1]:
        beep = flv_push.nearest(beeps, flash)
        require(beep is not None and abs(beep - flash) <= together, f"flash at {flash:.3f} s, beep at {beep}")
    return settled


# ---- the cases

def publish(stage, tags, stamp, folder):
    """What has come out of it: see `look`."""
    before = listed(stage, "big")
    flv_push.publish(stage.daemon, f"{stage.channel}-key", tags, stamp, stage.source())
    wait_for("the publisher to be gone", lambda: f"vitrine ingest {stage.channel}" not in stage.daemon.children())
    end = max(listed(stage, "big")) + 1
    wait_for("its last segment", lambda: end in listed(stage, "big"))
    return look(stage, max(before) + 1 if before else min(listed(stage, "big")), folder)


def play(stage, tags, stamp, expected=SECONDS - 3, rough=False):
    skipped = left_out(stage)
    with tempfile.TemporaryDirectory() as folder:
        settled = check(*publish(stage, tags, stamp, folder), expected, None if rough else TOGETHER,
                        left_out(stage) - skipped)
    gaps = [b - a for a, b in zip(settled, settled[1:])]
    require(rough or all(abs(gap - 1) <= TOGETHER for gap in gaps), f"flashes are {gaps} s apart")
    return ROUGHLY if rough else WHOLE


def some(kind, wanted):
    """Of one kind only what is dated as `wanted` says; where there are both, sound and picture stay together."""
    def run(stage):
        kept = [tag for tag in media(SECONDS + 3) if tag.config or tag.kind != kind or wanted(tag.ms)]
        with tempfile.TemporaryDirectory() as folder:
            flashes, beeps, _, _ = publish(stage, kept, lambda tag: tag.ms + 1000, folder)
        pairs = [(flash, flv_push.nearest(beeps, flash)) for flash in flashes]
        pairs = [(flash, beep) for flash, beep in pairs if beep is not None and abs(flash - beep) < 0.4]
        require(len(pairs) >= 4, f"only {len(pairs)} of {len(flashes)} flashes and {len(beeps)} beeps belong together")
        for flash, beep in pairs[1:]:
            require(abs(flash - beep) <= TOGETHER, f"flash at {flash:.3f} s, beep at {beep:.3f} s")
        return TOGETHER_AGAIN
    return run


def media(seconds=SECONDS, rate=30, extra=()):
    return copy.deepcopy(encoded(seconds, rate, extra))


@functools.cache
def encoded(seconds, rate, extra):
    with tempfile.TemporaryDirectory() as folder:
        return flv_push.read(flv_push.encode(Path(folder) / "a.flv", seconds, rate, extra))


def shifted(offset):
    return lambda stage: play(stage, media(), lambda tag: tag.ms + offset)


def jump(offset, kinds=(AUDIO, VIDEO)):
    """Both tracks, or one, jump in mid-stream."""
    return lambda stage: play(stage, media(), lambda tag: HOUR * 2 + tag.ms +
                              (offset if tag.ms >= 4500 and tag.kind in kinds else 0))


def back_steps(stage):
    """Every tenth picture is dated 40 ms before the one that it follows."""
    tags = media()
    wrong = {id(tag) for tag in [tag for tag in tags if tag.kind == VIDEO][10::10]}
    return play(stage, tags, lambda tag: tag.ms - (73 if id(tag) in wrong else 0) + 1000)


def constant(stage):
    """No time at all: what comes is shown and heard as it comes."""
    return play(stage, media(SECONDS + 3), lambda tag: 0, SECONDS - 3, rough=True)


def variable_rate(stage):
    """120, 30 and 5 pictures a second, one second each, in turn."""
    tags, kept = media(rate=120), []
    for index, tag in enumerate(one for one in tags if one.kind == VIDEO and not one.config):
        if index % (1, 4, 24)[index // 120 % 3] == 0:
            kept.append(tag)
    return play(stage, [tag for tag in tags if tag.kind == AUDIO or tag.config] + kept, lambda tag: tag.ms)


def offset_sound(milliseconds):
    return lambda stage: play(stage, media(), lambda tag: tag.ms + (milliseconds if tag.kind == AUDIO else 0) + 20000)


def fast_sound(stage):
    return play(stage, media(), lambda tag: tag.ms + (tag.ms * 3 // 1000 if tag.kind == AUDIO else 0))


def composition(milliseconds, every=1):
    def run(stage):
        tags = media()
        for index, tag in enumerate(one for one in tags if one.kind == VIDEO and not one.config):
            if index % every == 0:
                tag.set_composition(milliseconds)
        return play(stage, tags, lambda tag: tag.ms + 1000)
    return run


def case(number, what, send, outcome):
    """They last seconds and need little: each has a channel of its own."""
    return Case(number, what, send, outcome, together=True)


CASES = [
    case(58, "sound that begins after 4 s", some(AUDIO, lambda ms: ms >= 4000), TOGETHER_AGAIN),
    case(58, "pictures that begin after 4 s", some(VIDEO, lambda ms: ms >= 4000), TOGETHER_AGAIN),
    case(58, "sound that goes for 3 s and returns", some(AUDIO, lambda ms: not 4500 <= ms < 7500), TOGETHER_AGAIN),
    case(58, "pictures that go for 3 s and return", some(VIDEO, lambda ms: not 4500 <= ms < 7500), TOGETHER_AGAIN),
    case(61, "times that begin 5 s before 2^32 ms", shifted((1 << 32) - 5000), WHOLE),
    case(61, "times that begin 5 s before 0xFFFFFF ms", shifted(0xffffff - 5000), WHOLE),
    case(62, "both tracks leap an hour ahead", jump(HOUR), WHOLE),
    case(62, "both tracks leap an hour back", jump(-HOUR), WHOLE),
    case(62, "the picture's times leap an hour ahead", jump(HOUR, (VIDEO,)), WHOLE),
    case(63, "every tenth picture dated 40 ms back", back_steps, WHOLE),
    case(64, "every time 0", constant, ROUGHLY),
    case(65, "120, 30 and 5 pictures a second in turn", variable_rate, WHOLE),
    case(66, "sound dated 10 s after its picture", offset_sound(10000), WHOLE),
    case(66, "sound's clock 0.3 % fast (an hour of it: tests/unit/studio/test_drift.c)", fast_sound, WHOLE),
    case(67, "composition times of -20 ms", composition(-20), WHOLE),
    case(67, "composition times of 8,388,607 ms", composition(8388607, 10), WHOLE),
]


def publish_once(stage):
    tags = [tag for tag in media(2) if tag.ms < 1000]
    media()
    for channel in cases.LANES:
        flv_push.publish(stage.daemon, f"{channel}-key", tags, lambda tag: tag.ms)
        wait_for("the publisher to be gone", lambda name=channel: f"vitrine ingest {name}" not in stage.daemon.children())
        wait_for("a segment", lambda one=stage.on(channel): listed(one, "big"))


if __name__ == "__main__":
    cases.main(CASES, None, publish_once)
