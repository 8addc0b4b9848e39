#!/usr/bin/env python3
"""The commands that need no server, as a person runs them: render, preview, lint, help."""
import filecmp
import json
import re
import struct
import subprocess
import tempfile
from pathlib import Path

from boxes import cues, frames, samples, timescale
from harness import TOP, VITRINE, Playlist, decode_errors, main, probe, require

STEP = 3000                    # 90 kHz ticks of a frame at 30 a second
CONFIG = """
channels:
  mango:
    keys: [mango-key]
    canvas: {size: 640x360, fps: 30}
    renditions:
      - {name: big, size: 640x360, bitrate: 900k}
      - {name: small, size: 320x180, bitrate: 300k}
    encoder: {preset: ultrafast}
    templates: [%s/samples/templates/flash-sale.yaml]
""" % TOP
AV_CONFIG = """
channels:
  mango:
    keys: [mango-key]
    canvas: {size: 320x180, fps: 30}
    renditions:
      - {name: v, size: 320x180, bitrate: 300k}
    encoder: {preset: veryfast, latency: %s}
    hls: {container: %s}
    templates: []
"""
ENDS = "2026-01-01T00:00:03.300Z"        # frame 99
CUES = """
products:
  - id: phones
    title: Studio headphones
    price: {amount: 12900, currency: EUR}
    sale_price: {amount: 8900, currency: EUR}
    sale_price_effective_date: "2025-12-31T00:00:00Z/%s"
    offer: {id: flash, starts_at: "2025-12-31T00:00:00Z", ends_at: "%s"}
cues:
  - {at: 1, template: com.example.flash-sale, product: phones, id: sale}
""" % (ENDS, ENDS)


def vitrine(*arguments, folder=TOP):
    return subprocess.run([VITRINE, *map(str, arguments)], cwd=folder, capture_output=True, text=True,
                          stdin=subprocess.DEVNULL)


def source(folder, seconds=5):
    path = Path(folder) / "in.mp4"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "color=c=0x808080:size=640x360:rate=30",
                    "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds), "-c:v", "libx264",
                    "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac", path], check=True)
    return path


def render(folder, out, *more):
    folder = Path(folder)
    (folder / "vitrine.yaml").write_text(CONFIG)
    (folder / "cues.yaml").write_text(CUES)
    done = vitrine("render", folder / "in.mp4", "--config", folder / "vitrine.yaml", "--channel", "mango", "--cues",
                   folder / "cues.yaml", "--out", folder / out, *more)
    require(done.returncode == 0, f"render: {done.returncode}: {done.stderr}")
    return folder / out


def read(folder, name):
    """A rendition's init segment and segments."""
    playlist = Playlist((folder / f"{name}.m3u8").read_text(), "/")
    require(playlist.ended(), f"{name} has no end")
    return (folder / playlist.map().lstrip("/")).read_bytes(), \
        [(folder / segment["uri"].lstrip("/")).read_bytes() for segment in playlist.segments()]


def whole(folder, name):
    init, segments = read(folder, name)
    path = folder.with_name(f"{folder.name}-{name}.mp4")
    path.write_bytes(init + b"".join(segments))
    return path


def scene_render_is_whole_and_the_same_each_time():
    with tempfile.TemporaryDirectory() as folder:
        source(folder)
        one, two = render(folder, "one", "--quiet"), render(folder, "two")
        names = sorted(str(path.relative_to(one)) for path in one.rglob("*") if path.is_file())
        require(names == sorted(str(path.relative_to(two)) for path in two.rglob("*") if path.is_file()),
                "two runs made different files")
        _, different, failed = filecmp.cmpfiles(one, two, names, shallow=False)
        require(not different and not failed, f"two runs differ in {different + failed}")
        for name, size in (("big", (640, 360)), ("small", (320, 180))):
            path = whole(one, name)
            require(not decode_errors(path), f"{name}: {decode_errors(path)}")
            stream = probe(path, "-count_frames", "-show_streams")["streams"][0]
            require((stream["width"], stream["height"]) == size, f"{name} is {stream['width']}x{stream['height']}")
            require(int(stream["nb_read_frames"]) == 150, f"{name} has {stream['nb_read_frames']} frames")
        require(not decode_errors(whole(one, "audio")), "the sound does not decode")


def scene_an_offer_ends_on_its_frame():
    """Its end was promised by the first revision; the price reverts on that very frame, in cue and picture."""
    with tempfile.TemporaryDirectory() as folder:
        source(folder)
        out = render(folder, "out", "--quiet")
        init, segments = read(out, "big")
        sent = [{**entry, "frame": round(entry["time"] * 30 / timescale(init))}
                for segment in segments for entry in cues(segment)]
        sale = [entry for entry in sent if entry["cue"].get("id") == "sale" and entry["cue"]["op"] in ("start", "update")]
        require([entry["cue"]["op"] for entry in sale[:2]] == ["start", "update"], f"revisions {sale}")
        start, update = sale[0], sale[1]
        require(start["cue"]["price"] == {"a": 8900, "c": "EUR"} and start["frame"] == 30, f"start {start}")
        require(update["cue"]["price"] == {"a": 12900, "c": "EUR"}, f"price {update['cue']['price']}")
        require(update["frame"] == 99 and update["cue"]["pts"] == 99 * STEP and update["cue"]["t"] == ENDS, f"{update}")
        for name, width, height in (("big", 640, 360), ("small", 320, 180)):
            first, pictures = frames(whole(out, name), width, height)
            steps = [max(abs(a - b) for a, b in zip(pictures[index - 1 - first], pictures[index - first]))
                     for index in range(92, 107)]
            require(steps[7] == max(steps) and steps[7] > 40, f"{name}: the card changed elsewhere: {steps}")


def flash_and_beep(folder, rate, sound):
    """White for 100 ms with each whole second, and a tone as long."""
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i",
                    f"color=c=black:size=320x180:rate={rate},drawbox=c=white:t=fill:enable='lt(mod(t+0.001,1),0.1)'",
                    "-f", "lavfi", "-i", f"aevalsrc='0.5*lt(mod(t,1),0.1)*sin(2*PI*1000*t)':s={sound}", "-t", "5",
                    "-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-c:a", "aac",
                    Path(folder) / "in.mp4"], check=True)


def rising(values, threshold, quiet):
    """Where values come above the threshold after `quiet` of them that were not."""
    out, last = [], -quiet
    for index, value in enumerate(values):
        if value > threshold:
            if index - last >= quiet and index >= quiet:
                out.append(index)
            last = index
    return out


def offsets(pictures, sounds, rate):
    """Seconds by which each beep comes after its flash."""
    first, shown = frames(pictures, 320, 180, rate)
    begin, heard = samples(sounds)
    begin = max(begin, 0)          # an encoder's priming lies before 0, and is not decoded
    flashes = [(first + index) / rate for index in rising([sum(picture[::499]) / len(picture[::499]) for picture in shown],
                                                          128, 10)]
    beeps = [begin + index / 48000 for index in rising([abs(value) for value in heard], 3000, 24000)]
    require(len(flashes) == 4 and len(beeps) == 4, f"{len(flashes)} flashes and {len(beeps)} beeps")
    return [beep - flash for flash, beep in zip(flashes, beeps)]


def joined(folder, name, suffix):
    """A rendition as one file."""
    playlist = Playlist((folder / f"{name}.m3u8").read_text(), "/")
    require(playlist.ended(), f"{name} has no end")
    parts = [playlist.map()] if suffix == "mp4" else []
    parts += [segment["uri"] for segment in playlist.segments()]
    path = folder.with_name(f"{folder.name}-{name}.{suffix}")
    path.write_bytes(b"".join((folder / part.lstrip("/")).read_bytes() for part in parts))
    return path


def check_tags(path):
    """What the container says of colours is what the stream says, and that is BT.709."""
    says = probe(path, "-show_streams", "-select_streams", "v")["streams"][0]
    require(all(says[f"color_{name}"] == "bt709" for name in ("space", "transfer", "primaries")), f"{says}")
    if path.suffix == ".mp4":
        payload = next(payload for at, payload in walk(path.read_bytes()) if at == b"colr")
        require(payload[:11] == b"nclx\0\x01\0\x01\0\x01\0", f"colr {payload}")


def walk(data):
    """What follows each box type that is looked for, wherever it is."""
    at = data.find(b"colr")
    require(at > 0, "no colr")
    yield b"colr", data[at + 4:at + 15]


def check_transport(path):
    said = probe(path, "-show_streams", "-show_programs")
    kinds = [(stream["codec_type"], stream["codec_name"]) for stream in said["streams"]]
    require(kinds == [("video", "h264"), ("audio", "aac"), ("data", "timed_id3")], f"{kinds}")
    require(len(said["programs"]) == 1, "not one program")
    packets = probe(path, "-show_entries", "packet=pts_time,dts_time,flags", "-select_streams", "v")["packets"]
    times = [float(packet["dts_time"]) for packet in packets]
    require(times == sorted(times) and len(times) == 150, f"{len(times)} pictures")
    require(sum("K" in packet["flags"] for packet in packets) == 3, "key frames")


def scene_picture_and_sound_stay_together():
    """With and without reordered pictures, in both containers, from sound of 44.1 kHz."""
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        flash_and_beep(folder, 30, 44100)
        meant = offsets(folder / "in.mp4", folder / "in.mp4", 30)
        require(max(map(abs, meant)) < 0.02, f"the source itself is apart by {meant}")
        for container, suffix in (("cmaf", "mp4"), ("ts", "ts")):
            for latency in ("low", "normal"):
                (folder / "vitrine.yaml").write_text(AV_CONFIG % (latency, container))
                out = folder / f"{container}-{latency}"
                done = vitrine("render", folder / "in.mp4", "--config", folder / "vitrine.yaml", "--channel", "mango",
                               "--out", out, "--quiet")
                require(done.returncode == 0, f"render: {done.returncode}: {done.stderr}")
                picture = joined(out, "v", suffix)
                sound = picture if suffix == "ts" else joined(out, "audio", suffix)
                require(not decode_errors(picture), f"{out.name}: {decode_errors(picture)}")
                apart = [got - wanted for got, wanted in zip(offsets(picture, sound, 30), meant)]
                require(max(map(abs, apart)) < 1024 / 48000, f"{out.name}: picture and sound are {apart} s apart")
                check_tags(picture)
                stream = probe(sound, "-show_streams", "-select_streams", "a")["streams"][0]
                require(stream["sample_rate"] == "48000", f"sound of {stream['sample_rate']} Hz")
                if suffix == "ts":
                    check_transport(picture)


def scene_render_says_what_is_wrong():
    with tempfile.TemporaryDirectory() as folder:
        source(folder, 2)
        folder = Path(folder)
        (folder / "vitrine.yaml").write_text(CONFIG)
        base = ["render", folder / "in.mp4", "--config", folder / "vitrine.yaml", "--out", folder / "out", "--quiet"]
        done = vitrine(*base)
        require(done.returncode == 2 and "--channel" in done.stderr, f"{done}")
        done = vitrine(*base, "--channel", "peach")
        require(done.returncode == 2 and "peach" in done.stderr and "mango" in done.stderr, f"{done}")
        (folder / "cues.yaml").write_text(CUES.replace("product: phones", "product: phone"))
        done = vitrine(*base, "--channel", "mango", "--cues", folder / "cues.yaml")
        require(done.returncode == 1 and "phone" in done.stderr, f"{done}")
        (folder / "in.mp4").write_text("no film")
        done = vitrine(*base, "--channel", "mango")
        require(done.returncode == 1 and "in.mp4" in done.stderr, f"{done}")


def png_size(path):
    data = path.read_bytes()
    require(data[:8] == b"\x89PNG\r\n\x1a\n", "not a PNG")
    return struct.unpack(">II", data[16:24])


def scene_preview_draws_the_size_that_was_asked_for():
    with tempfile.TemporaryDirectory() as folder:
        for template in ("product-card", "price-ticker", "flash-sale"):
            for size in ((1280, 720), (360, 640)):
                out = Path(folder) / f"{template}.png"
                done = vitrine("preview", TOP / "samples" / "templates" / f"{template}.yaml", "--size",
                               f"{size[0]}x{size[1]}", "--out", out)
                require(done.returncode == 0, f"{template}: {done.stderr}")
                require(png_size(out) == size, f"{template}: {png_size(out)} instead of {size}")
        done = vitrine("preview", TOP / "samples" / "templates" / "product-card.yaml", "--out", folder)
        require(done.returncode == 1 and folder in done.stderr, f"{done}")


def scene_lint_names_the_place():
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "vitrine.yaml"
        path.write_text("channels:\n  mango:\n    keys: [k]\n    canvas: {size: 1280x719}\n    hsl: {segment: 2s}\n")
        done = vitrine("lint", path)
        said = done.stdout + done.stderr
        require(done.returncode == 1, f"{done}")
        require(re.search(rf"{re.escape(str(path))}:5:\d+: error: .*hls", said), f"no place or hint: {said}")
        require(vitrine("lint", TOP / "samples" / "vitrine.yaml").returncode == 0, "the sample has errors")


def scene_help_is_true():
    """Every command of --help answers --help itself with its usage; what it does not know it refuses with 2."""
    done = vitrine("--help")
    require(done.returncode == 0 and not done.stderr, f"{done}")
    verbs = re.findall(r"^  vitrine ([a-z-]+) ", done.stdout, re.M)
    require({"serve", "render", "preview", "lint"} <= set(verbs), f"{verbs}")
    for verb in verbs:
        said = vitrine(verb, "--help")
        require(said.returncode == 0 and f"vitrine {verb} " in said.stdout and not said.stderr, f"{verb}: {said}")
        wrong = vitrine(verb, "--no-such-option")
        require(wrong.returncode == 2 and "no-such-option" in wrong.stderr and not wrong.stdout, f"{verb}: {wrong}")
    usages = done.stdout + "".join(vitrine(verb, "--help").stdout for verb in verbs)
    for page in ("render.md", "configuration.md"):
        for option in set(re.findall(r"(?<![\w-])--[a-z][a-z-]+", (TOP / "docs" / page).read_text())):
            require(option in usages, f"docs/{page} speaks of {option}, which no usage does")
    require(vitrine("--version").stdout.startswith("vitrine "), "no version")
    require(vitrine("sreve").returncode == 2 and "serve" in vitrine("sreve").stderr, "no hint for sreve")
    require(vitrine().returncode == 2, "without arguments")
    # The processes that serve starts are not for people.
    for role in ("studio", "origin", "ingest"):
        require(role not in re.findall(r"^  vitrine ([a-z-]+)", done.stdout, re.M), f"--help offers {role}")


if __name__ == "__main__":
    main()
