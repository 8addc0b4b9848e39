#!/usr/bin/env python3
"""The benchmarks behind script/bench. Every figure is CPU time (user and system, the program and its threads), the
median of several rounds in which the compared commands take turns; ratios are what travels between machines."""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import bench_latency
import bench_origin

TOP = Path(__file__).resolve().parent.parent.parent
VITRINE = TOP / "build" / "vitrine"
SECONDS = 20
SIZES = ((1280, 720, 2500), (854, 480, 1200), (640, 360, 700))     # width, height, kbit/s
FFMPEG = ["ffmpeg", "-nostdin", "-v", "error", "-y"]


def cpu(command):
    """CPU seconds of one run; a run that fails ends the benchmark."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    errors = process.stderr.read().decode(errors="replace")
    _, status, usage = os.wait4(process.pid, 0)
    if status:
        sys.exit(f"{' '.join(map(str, command))}\n{errors}")
    return usage.ru_utime + usage.ru_stime


def in_turn(commands, rounds):
    """{name: median CPU seconds}; the commands take turns, after one round that does not count."""
    taken = {name: [] for name in commands}
    for number in range(rounds + 1):
        for name, command in commands.items():
            seconds = cpu(command)
            if number:
                taken[name].append(seconds)
        print(f"  round {number} of {rounds}", file=sys.stderr)
    return {name: statistics.median(values) for name, values in taken.items()}


def footage(folder, given, size="1280x720"):
    """A file to work on: the given one, looped to SECONDS at 30 frames a second, or a generated moving picture."""
    path = folder / f"footage-{size}.mp4"
    if given:
        source = ["-stream_loop", "-1", "-i", given, "-f", "lavfi", "-i", "sine=frequency=330:sample_rate=48000",
                  "-vf", f"scale={size.replace('x', ':')},fps=30,format=yuv420p", "-map", "0:v", "-map", "1:a"]
    else:
        source = ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate=30,noise=alls=6:allf=t", "-f", "lavfi", "-i",
                  "sine=frequency=330:sample_rate=48000", "-pix_fmt", "yuv420p"]
    subprocess.run([*FFMPEG, *source, "-t", str(SECONDS), "-c:v", "libx264", "-preset", "veryfast", "-b:v", "6M",
                    "-g", "60", "-c:a", "aac", path], check=True, stdin=subprocess.DEVNULL)
    return path


def configuration(folder):
    renditions = "".join(f"\n      - {{name: r{h}, size: {w}x{h}, bitrate: {b}k}}" for w, h, b in SIZES)
    templates = ", ".join(str(TOP / "samples/templates" / f"{name}.yaml")
                          for name in ("product-card", "price-ticker", "flash-sale"))
    path = folder / "bench.yaml"
    path.write_text(f"products: {TOP}/samples/products.json\nchannels:\n  bench:\n    keys: [k]\n"
                    f"    canvas: {{size: 1280x720, fps: 30}}\n    renditions:{renditions}\n"
                    f"    encoder: {{preset: veryfast, latency: normal}}\n    templates: [{templates}]\n")
    return path


def cue_file(folder):
    products = json.loads((TOP / "samples/products.json").read_text())
    products = products["products"] if isinstance(products, dict) else products
    card = products[0]["id"]
    flash = next((one["id"] for one in products if one.get("offer")), card)
    path = folder / "cues.yaml"
    path.write_text("cues:\n  - {at: 0.5, template: com.example.price-ticker}\n"
                    f"  - {{at: 1, template: com.example.product-card, product: {card}}}\n"
                    f"  - {{at: 1.5, template: com.example.flash-sale, product: {flash}}}\n")
    return path


def ffmpeg_ladder(source, folder):
    split = f"[0:v]split={len(SIZES)}" + "".join(f"[s{n}]" for n in range(len(SIZES)))
    scales = "".join(f";[s{n}]scale={w}:{h}[v{n}]" for n, (w, h, _) in enumerate(SIZES))
    command = [*FFMPEG, "-i", source, "-filter_complex", split + scales]
    for n, (_, h, rate) in enumerate(SIZES):
        command += ["-map", f"[v{n}]", "-c:v", "libx264", "-preset", "veryfast", "-b:v", f"{rate}k", "-maxrate",
                    f"{rate * 11 // 10}k", "-bufsize", f"{rate}k", "-g", "60", "-sc_threshold", "0", folder / f"f{h}.mp4"]
    return command + ["-map", "0:a", "-c:a", "aac", "-b:a", "128k", folder / "sound.mp4"]


def render(folder, given, rounds):
    source, config, cues = footage(folder, given), configuration(folder), cue_file(folder)
    plain = [VITRINE, "render", source, "--config", config, "--channel", "bench", "--out", folder / "plain"]
    drawn = [VITRINE, "render", source, "--config", config, "--channel", "bench", "--cues", cues, "--out", folder / "drawn"]
    times = in_turn({"ffmpeg": ffmpeg_ladder(source, folder), "plain": plain, "drawn": drawn}, rounds)
    print(f"whole path, {SECONDS} s of 720p30 to {len(SIZES)} renditions and sound, CPU seconds")
    print(f"  ffmpeg, no overlays      {times['ffmpeg']:7.2f}")
    print(f"  vitrine, no overlays     {times['plain']:7.2f}   {times['plain'] / times['ffmpeg']:.3f} of ffmpeg")
    print(f"  vitrine, three overlays  {times['drawn']:7.2f}   {times['drawn'] / times['ffmpeg']:.3f} of ffmpeg (goal 1.0)")


OVERLAY_SIZES = ("1920x1080", "1280x720", "640x360")
OVERLAYS = {"card": ("a card that stands still", ("product-card",)),
            "all": ("a card, a countdown, a ticker", ("product-card", "flash-sale", "price-ticker")),
            "full": ("a full-screen animation", ("end-card",))}


def overlay_filters(case, size, at):
    """What draws a case's pictures, inputs 1 and on, over the footage."""
    shown, steps = "0:v", []
    for number, name in enumerate(OVERLAYS[case][1], 1):
        x, y = at[name, size]
        picture = f"[{number}:v]"
        if case == "full":               # as in its entry, every frame has another opacity
            steps.append(f"{picture}format=rgba,fade=t=in:d={SECONDS}:alpha=1[f]")
            picture = "[f]"
        steps.append(f"[{shown}]{picture}overlay={x}:{y}:shortest={int(case == 'full')}[o{number}]")
        shown = f"o{number}"
    if case == "all":
        scale = int(size.split("x")[1]) / 1080
        x, y = at["price-ticker", size]
        steps.append(f"[{shown}]drawtext=text='%{{pts\\:hms}}':x={1500 * scale}:y={500 * scale}:fontsize={36 * scale}:fontcolor=white,"
                     "drawtext=text='Trail shoe 59.99   Mug 12.00   Lamp 49.00   Backpack 89.00':"
                     f"x={x}+{1700 * scale}-mod(t*{120 * scale}\\,{1700 * scale}):y={y + 18 * scale}:fontsize={28 * scale}:"
                     "fontcolor=white[t]")
        shown = "t"
    return ";".join(steps), f"[{shown}]"


def overlay_command(case, size, folder, at):
    """ffmpeg, which draws the case (None: a dot) over raw pictures: decoding would cost more than what is compared. The dot
    makes it copy pictures that it may not write to, as the overlay would, so that no copy counts as drawing."""
    source = ["-f", "rawvideo", "-pix_fmt", "yuv420p", "-video_size", size, "-framerate", "30", "-t", str(SECONDS), "-i", "/dev/zero"]
    if not case:
        return [*FFMPEG, *source, "-vf", "drawbox=0:0:2:2", "-f", "null", "-"]
    graph, shown = overlay_filters(case, size, at)
    loop = ["-loop", "1", "-framerate", "30"] if case == "full" else []
    pictures = [word for name in OVERLAYS[case][1] for word in (*loop, "-i", folder / f"{name}-{size}.png")]
    return [*FFMPEG, *source, *pictures, "-filter_complex", graph, "-map", shown, "-f", "null", "-"]


def overlay(folder, given, rounds):
    """What the overlays of three pictures cost a frame: in vitrine drawing ahead and blending, in ffmpeg its overlay and
    drawtext filters on the same pictures, less the same without them. Three renditions are the sum of their sizes."""
    listed = subprocess.run([TOP / "build/tests/bench/bench_overlay", TOP / "samples", folder], check=True, capture_output=True,
                            text=True).stdout
    lines = [line.split() for line in listed.splitlines()]
    ours = {(case, size): (float(drawing), float(blending)) for kind, case, size, drawing, blending in
            (line for line in lines if line[0] == "frame")}
    at = {(line[1], line[2]): (int(line[3]), int(line[4])) for line in lines if line[0] == "picture"}
    commands = {}
    for size in OVERLAY_SIZES:
        for case in (None, *OVERLAYS):
            commands[case, size] = overlay_command(case, size, folder, at)
    times = in_turn(commands, rounds)
    print("overlays, CPU microseconds a frame                  drawing ahead   blending        all     ffmpeg   ratio (goal 0.1)")
    for ladder, sizes in (("1080p30", OVERLAY_SIZES[:1]), ("three renditions", OVERLAY_SIZES)):
        for case, (text, _) in OVERLAYS.items():
            drawing, blending = (sum(ours[case, size][i] for size in sizes) for i in (0, 1))
            theirs = sum(times[case, size] - times[None, size] for size in sizes) / (SECONDS * 30) * 1e6
            print(f"  {ladder + ', ' + text:<54} {drawing:8.1f} {blending:10.1f} {drawing + blending:10.1f} {theirs:10.0f} "
                  f"{(drawing + blending) / theirs:8.3f}")
    print("a template for the first time, at 1920x1080: CPU microseconds, and what it keeps")
    for _, name, made, drawn, converted, kept in (line for line in lines if line[0] == "first"):
        print(f"  {name:<14} view {made:>6}   drawing {drawn:>6}   converting {converted:>6}   {float(kept):7.0f} kB")
    print("a take of it with pictures that are new, on three renditions: CPU milliseconds (three frames at 60 fps are 50)")
    for _, name, spent in (line for line in lines if line[0] == "take"):
        print(f"  {name:<14} {float(spent) / 1000:6.1f}")


BENCHES = {"render": render, "overlay": overlay, "origin": bench_origin.origin, "latency": bench_latency.latency}


def main():
    parser = argparse.ArgumentParser(prog="script/bench")
    parser.add_argument("what", nargs="*", choices=[*BENCHES, []], default=[])
    parser.add_argument("--input", help="footage to use instead of a generated picture")
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="vitrine-bench-") as folder:
        for name in arguments.what or BENCHES:
            BENCHES[name](Path(folder), arguments.input, arguments.rounds)


if __name__ == "__main__":
    main()
