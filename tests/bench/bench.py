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


def overlay(folder, given, rounds):
    """What the picture of a card, a countdown and a ticker costs a frame at 1080p30, in both."""
    source = footage(folder, given, "1920x1080")
    decode = [*FFMPEG, "-i", source, "-map", "0:v"]
    null = ["-f", "null", "-"]
    card, bar = folder / "card.png", folder / "bar.png"
    for path, size, colour in ((card, "640x240", "white@0.9"), (bar, "1920x64", "black@0.7")):
        subprocess.run([*FFMPEG, "-f", "lavfi", "-i", f"color={colour}:size={size},format=rgba", "-frames:v", "1", path],
                       check=True, stdin=subprocess.DEVNULL)
    drawn = ("[0:v][1:v]overlay=64:760[a];[a][2:v]overlay=0:1000[b];"
             "[b]drawtext=text='%{pts\\:hms}':x=96:y=900:fontsize=48:fontcolor=red,"
             "drawtext=text='Trail shoe 59.99   Mug 12.00   Lamp 49.00   Backpack 89.00':x=1920-mod(t*120\\,3000):y=1014:"
             "fontsize=36:fontcolor=white")
    times = in_turn({"decode": [*decode, *null],
                     "overlay": [*FFMPEG, "-i", source, "-i", card, "-i", bar, "-filter_complex", drawn, *null]}, rounds)
    theirs = (times["overlay"] - times["decode"]) / (SECONDS * 30) * 1e6
    listed = subprocess.run([TOP / "build/tests/bench/bench_blend"], check=True, capture_output=True, text=True).stdout
    ours = {tuple(line.split()[:2]): float(line.split()[2]) for line in listed.splitlines() if len(line.split()) == 3}
    kernel = "avx2" if ("all", "avx2") in ours else "c"
    print("compositing a card, a countdown and a ticker at 1080p30, CPU microseconds a frame")
    print(f"  ffmpeg's overlay and drawtext       {theirs:8.0f}")
    for case, text in (("all", "vitrine, sprites as they are"), ("all-new", "vitrine, ticker converted anew")):
        micros = ours[case, kernel]
        print(f"  {text:<34}  {micros:8.0f}   {micros / theirs:.3f} of ffmpeg (goal 0.1)")
    print(f"  a card that stands still            {ours['card', kernel]:8.0f}")


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
