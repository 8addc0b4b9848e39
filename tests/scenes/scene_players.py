#!/usr/bin/env python3
"""Other people's players on our streams: hls.js, Shaka Player and video.js in Chromium, in each live mode."""
import contextlib
import subprocess
from pathlib import Path

from browser import Chromium
from harness import MACHINE, TOP, VITRINE, Daemon, Publisher, main, require, wait_for

KINDS = ("hls.js", "shaka", "video.js")
SECONDS = 30
CARD = "com.example.product-card"
SOURCE = "testsrc2=size=320x180:rate=30"
TS = "none, container: ts"
MODES = {"plain": "none", "ts": TS, "low": "333ms"}
CHANNEL = """
  {name}:
    keys: ["{name}-key"]
    canvas: {{size: 320x180, fps: 30}}
    renditions: [{{name: big, size: 320x180, bitrate: 300k}}]
    audio: {{bitrate: 64k}}
    encoder: {{preset: ultrafast}}
    hls: {{segment: 2s, part: {part}, window: 30s}}
    templates: [{card}]
"""


def channels(**parts):
    card = TOP / "samples/templates/product-card.yaml"
    return "".join(CHANNEL.format(name=name, part=part, card=card) for name, part in parts.items())


class Players(Chromium):
    def __init__(self):
        super().__init__("players.mjs", modules=("hls.js", "shaka-player", "video.js", "playwright-core"))

    def play(self, mode, url, parts=False, kinds=KINDS):
        for kind in kinds:
            self.do("play", name=f"{mode} {kind}", kind=kind, url=url, parts=parts)


def take(daemon, channel, **more):
    product = daemon.api("GET", "/v1/products", expect=200)["products"][0]
    return daemon.api("POST", f"/v1/channels/{channel}/cues", {"template": CARD, "product": product["id"], **more}, 201)


def render_vod(daemon, folder, seconds=20, at=6, duration=6):
    """A finished show with one cue, where any static server can hand it out."""
    source, out = Path(folder) / "in.mp4", Path(folder) / "vod"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", SOURCE, "-f", "lavfi", "-i", "sine=sample_rate=48000",
                    "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-g", "30", "-c:a", "aac", source], check=True)
    cues = Path(folder) / "cues.yaml"
    product = daemon.api("GET", "/v1/products", expect=200)["products"][0]["id"]
    cues.write_text(f"cues:\n  - {{at: {at}, template: {CARD}, product: {product}, duration: {duration}, id: c1}}\n")
    subprocess.run([VITRINE, "render", source, "--config", daemon.config, "--channel", "plain", "--cues", cues, "--out", out,
                    "--quiet"], check=True)
    return out


def tell(name, seen):
    print(f"# {name}: {seen['time']:.1f} s, latency {seen['latency']}, behind {seen['behind']}, {seen['parts']} parts, "
          f"in {seen['ranges']} ranges, dropped {seen['dropped']}, stalls {seen['stalls']}, minor {seen['minor'][:4]}, "
          f"shows {len(seen['shows'])}, ways { {way: len(all) for way, all in seen['ways'].items()} }", flush=True)


def check_played(name, seen, least, busy):
    """`busy`: others left this machine too little time for what must not stall, so that stalls are told, not judged."""
    require(not seen["errors"], f"{name}: {seen['errors']}")
    require(seen["ended"] or seen["playing"] > least, f"{name} played {seen['playing']:.1f} s")
    if not busy:
        require(not seen["stalls"], f"{name} stalled: {seen['stalls']}")
        require(seen["ranges"] == 1, f"{name} dropped something: its buffer is in {seen['ranges']} pieces")


# The ways by which cues must come.
WAYS = {"plain hls.js": {"in band", "range"}, "plain shaka": {"in band", "range"}, "plain video.js": {"in band", "range"},
        "ts hls.js": {"in band", "range"}, "ts shaka": {"id3", "range"}, "ts video.js": {"in band", "range"},
        "low hls.js": {"in band", "range"}, "low shaka": {"in band", "range"}, "low video.js": {"in band", "range"}}


def check_cues(name, seen, receipt, busy):
    """The cue by each way, once; and its button when its frame is shown."""
    key = f"{receipt['id']}.{receipt['rev']}.start"
    for way in WAYS[name]:
        came = len(seen["ways"].get(way, {}).get(key, []))
        # After a stall a player may read a segment again. Shaka Player reads a transport stream for picture and for sound,
        # and adds a range anew whenever a reload moves its idea of the presentation's start by a rounding.
        again = came > 1 and (bool(seen["stalls"]) or (way == "id3" and came == 2) or (way == "range" and "shaka" in name))
        require(came == 1 or again, f"{name}: {key} came {came} times by {way}")
    if seen["stalls"]:
        return                         # a player that jumped over the cue has nothing to show
    shows = [show for show in seen["shows"] if show["id"] == receipt["id"]]
    require(len(shows) == 1, f"{name}: {receipt['id']} was shown {len(shows)} times")
    late = (shows[0]["date"] - shows[0]["from"]) / 1000 if shows[0]["date"] else None
    require(late is not None and -0.1 < late < (2 if busy else 0.4), f"{name}: shown {late} s after its time")


def late_joiners(daemon, players, begin):
    """Who comes in the middle of a cue has its button within the first segment, whichever way its cues come."""
    late = {"late range": ("plain", "range"), "late band": ("plain", "band"), "late ts": ("ts", "band"),
            "late tracks": ("plain", "tracks")}
    receipts = {channel: take(daemon, channel, duration=60) for channel in ("plain", "ts")}

    def is_on_air():
        # A player begins three target durations before the end.
        return all(daemon.media("big", channel).segments()[-1]["msn"] >= receipt["msn"] + 5
                   for channel, receipt in receipts.items())

    def all_play():
        seen = players.do("look")
        return all(seen[name]["playing"] > 4 for name in late) and seen
    wait_for("five segments more", is_on_air, 40)
    for name, (channel, carriage) in late.items():
        players.do("play", name=name, kind="hls.js", url=daemon.url(f"/live/{channel}/index.m3u8"), parts=False,
                   carriage=carriage)
    seen = wait_for("the late joiners", all_play, 60)
    for name, (channel, carriage) in late.items():
        one = seen[name]
        shows = [show for show in one["shows"] if show["id"] == receipts[channel]["id"]]
        require(shows, f"{name} has no button: {one}")
        after = shows[0]["time"] - one["first"]
        print(f"# {name}, cues by {carriage} only: button {after:.2f} s into what it plays", flush=True)
        require(after < (8 if MACHINE.disturbed(begin) else 2.1), f"{name} has its button after {after} s")


def check_latency(seen, playlist, seconds):
    """With parts each is as far behind as the server asks for, or a part more."""
    hold_back = float(playlist.tag("EXT-X-SERVER-CONTROL").split("PART-HOLD-BACK=")[1].split(",")[0])
    target = float(playlist.tag("EXT-X-PART-INF").split("=")[1])
    for kind in KINDS:
        latency = seen[f"low {kind}"]["latency"]
        require(latency < hold_back + target, f"{kind} is {latency} s behind, hold-back {hold_back}, parts of {target}")
    parts = seen["low hls.js"]["parts"]
    require(parts > seconds / target / 2, f"hls.js took {parts} parts")


def play_all(daemon, players, modes, seconds):
    """Each player in each of the modes, and a cue in each; what they saw, and whether the machine left them time for it."""
    for mode in modes:
        players.play(mode, daemon.url(f"/live/{mode}/index.m3u8"), parts=mode == "low")
    begin = MACHINE.now()
    wait_for("all of them to play", lambda: all(one["playing"] > 5 for one in players.do("look").values()), 60)
    receipts = {mode: take(daemon, mode, duration=8) for mode in modes}
    wait_for(f"{seconds} s", lambda: all(one["playing"] > seconds for one in players.do("look").values()), 2 * seconds)
    seen = players.do("look")
    busy = MACHINE.disturbed(begin)
    print(f"# {MACHINE.words(begin)}", flush=True)
    for name, one in seen.items():
        tell(name, one)
    for name, one in seen.items():
        if busy and one["time"] - one["first"] < seconds / 2:
            print(f"# {name} had no time to play", flush=True)
            continue
        check_played(name, one, seconds, busy)
        check_cues(name, one, receipts[name.split()[0]], busy)
    if "low" in modes:
        require(seen["low hls.js"]["parts"], "hls.js took no parts")
        if not busy:
            check_latency(seen, daemon.media("big", "low"), seconds)
    return begin


def play_live(seconds, modes, then=None):
    """`then` goes on with what plays."""
    publishing = contextlib.ExitStack()
    with Daemon(channels=channels(**{mode: MODES[mode] for mode in modes})) as daemon, Players() as players, publishing:
        for mode in modes:
            publishing.enter_context(Publisher(daemon, f"{mode}-key", SOURCE))
        for mode in modes:
            daemon.segments("big", 4, 40, mode)
        begin = play_all(daemon, players, modes, seconds)
        if then:
            then(daemon, players, begin)


def scene_three_players_play_segments():
    play_live(SECONDS, ("plain", "ts"), then=late_joiners)


def scene_three_players_play_parts():
    play_live(SECONDS, ("low",))


if __name__ == "__main__":
    main()
