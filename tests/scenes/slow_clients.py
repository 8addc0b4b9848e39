#!/usr/bin/env python3
"""Real clients at once, each on a channel of its own, for half a minute: what they push at the canvas' rate comes out frame
for frame. The picture carries its own number in sixteen bars; the one after it must stand on the next frame."""
import contextlib
import signal
import subprocess
import tempfile
from pathlib import Path

from harness import TOP, Daemon, fetch_rendition, free_ports, main, require, wait_for
from scene_obs import Obs

SECONDS = 30
SPARE = 20                     # seconds that a file is longer: clients start one after another
SETTLED = 90                   # frames after the first of a client's that its clock may take to settle
BARS = "geq=lum='if(mod(floor(N/pow(2,floor(X/20))),2),235,16)':cb=128:cr=128"
TOOL = TOP / "build" / "tests" / "tools" / "librtmp_publish"
NAMES = ("ffmpeg", "ffmpeg-rtmps", "rtmp2sink", "rtmpsink", "librtmp", "obs")
CHANNELS = "".join(f"""
  {name}:
    keys: ["{name}-key"]
    canvas: {{size: 320x180, fps: 30}}
    renditions: [{{name: big, size: 320x180, bitrate: 600k}}]
    slate: {{after: 1s, grace: 300s}}
    hls: {{window: 120s, part: none}}
    encoder: {{preset: ultrafast}}
""" for name in NAMES)


def material(folder):
    path = Path(folder) / "bars.flv"
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "nullsrc=size=320x180:rate=30," + BARS,
                    "-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(SECONDS + SPARE), "-c:v", "libx264",
                    "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-c:a", "aac", path], check=True)
    return path


def gstreamer(sink, address, path):
    return ["gst-launch-1.0", "-q", "filesrc", f"location={path}", "!", "flvdemux", "name=in", "in.video", "!", "queue", "!",
            "h264parse", "!", "flvmux", "name=out", "streamable=true", "!", sink, f"location={address}", "sync=true",
            "in.audio", "!", "queue", "!", "aacparse", "!", "out."]


def commands(daemon, rtmps_port, path):
    server = daemon.server()
    push = ["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", path, "-c", "copy", "-f", "flv"]
    return {"ffmpeg": [*push, f"{server}/ffmpeg-key"],
            "ffmpeg-rtmps": [*push, f"rtmps://127.0.0.1:{rtmps_port}/live/ffmpeg-rtmps-key"],
            "rtmp2sink": gstreamer("rtmp2sink", f"{server}/rtmp2sink-key", path),
            "rtmpsink": gstreamer("rtmpsink", f"{server}/rtmpsink-key live=1", path),
            "librtmp": [TOOL, f"{server}/librtmp-key", path, str(SECONDS + SPARE)]}


@contextlib.contextmanager
def running(command):
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
                process.wait(10)
            log.seek(0)
            print("".join(f"# {Path(command[0]).name}: {line}\n" for line in log.read().decode(
                errors="replace").splitlines()[-3:]), end="")


def counters(daemon, name):
    """What a channel lost so far, or None before it is live."""
    status = daemon.api("GET", f"/v1/channels/{name}/status", expect=200)
    studio, publisher = status.get("studio") or {}, status.get("publisher") or {}
    if status.get("state") != "live" or "errors" not in publisher:
        return None
    return {"frames": studio["frames"], **{key: studio[key] for key in ("repeated", "dropped", "late", "skipped")},
            "errors": publisher["errors"], "not decoded": publisher["dropped"]}


def numbers(path):
    """The number that each picture carries."""
    raw = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-vf", "scale=16:1:flags=area,format=gray",
                          "-f", "rawvideo", "-"], capture_output=True, check=True).stdout
    return [sum((raw[at + bit] > 125) << bit for bit in range(16)) for at in range(0, len(raw), 16)]


def check_numbers(name, found):
    """One picture each frame: from the first that is counted on until the publisher's last."""
    first = next((at for at in range(len(found) - 30) if all(found[at + i] == found[at] + i for i in range(30))), None)
    require(first is not None, f"{name}: no thirty pictures in a row: {found[:200]}")
    last = max(at for at in range(first, len(found)) if found[at] > found[first]) - 1
    wrong = [f"{found[at - 1]} -> {found[at]} on frame {at}" for at in range(first + 1, last)
             if found[at] != found[at - 1] + 1 and at - first > SETTLED]
    require(not wrong, f"{name}: {len(wrong)} of {last - first} frames: {wrong[:8]}")
    require(last - first > (SECONDS - 5) * 30, f"{name}: only {last - first} frames")
    return last - first


def make_certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                    "2", "-subj", "/CN=clients", "-keyout", f"{folder}/key.pem", "-out", f"{folder}/certificate.pem"],
                   check=True, capture_output=True)


def check_losses(daemon, before):
    """Between two looks nothing was lost, whoever pushed."""
    lost = []
    for name, was in before.items():
        now = counters(daemon, name)
        if not now:
            lost.append(f"{name} is no longer live")
            continue
        lost += [f"{name}: {key} {was[key]} -> {now[key]}" for key in was if key not in ("frames", "late") and now[key] != was[key]]
        if now["frames"] - was["frames"] < (SECONDS - 8) * 30:
            lost.append(f"{name}: only {now['frames'] - was['frames']} frames")
    require(not lost, "; ".join(lost))


def scene_each_client_frame_for_frame():
    with tempfile.TemporaryDirectory() as folder, contextlib.ExitStack() as stack:
        path = material(folder)
        make_certificate(folder)
        (rtmps_port,) = free_ports(1)
        daemon = Daemon(channels=CHANNELS)
        text = daemon.config.read_text().replace("listen: {", f'listen: {{rtmps: "127.0.0.1:{rtmps_port}", ', 1)
        daemon.config.write_text(f"tls: {{certificate: {folder}/certificate.pem, key: {folder}/key.pem}}\n{text}")
        stack.enter_context(daemon)
        names = [name for name in NAMES if name != "librtmp" or TOOL.exists()]
        try:
            stack.enter_context(Obs(daemon, "obs-key", SECONDS + SPARE + 10))
        except Exception as reason:        # a machine without OBS checks the others
            print(f"# without OBS: {reason}")
            names.remove("obs")
        if "obs" in names:                 # it takes longest
            wait_for("OBS on air", lambda: counters(daemon, "obs"), 60)
        for name, command in commands(daemon, rtmps_port, path).items():
            if name in names:
                stack.enter_context(running(command))
                wait_for(f"{name} on air", lambda name=name: counters(daemon, name), 30)
        settled = {name: counters(daemon, name)["frames"] + SETTLED for name in names}
        before = wait_for("all to have settled", lambda: (lambda now: now if all(now.values()) and all(
            now[name]["frames"] > settled[name] for name in names) else None)(
                {name: counters(daemon, name) for name in names}), 30)
        wait_for("half a minute", lambda: (counters(daemon, "ffmpeg") or {"frames": 1 << 30})["frames"] >
                 before["ffmpeg"]["frames"] + (SECONDS - 5) * 30, SECONDS + 30)
        check_losses(daemon, before)
        for name in names:
            playlist = daemon.media("big", name)
            require("EXT-X-DISCONTINUITY\n" not in playlist.text and "EXT-X-GAP" not in playlist.text, f"{name}: a seam")
            if name != "obs":              # its own compositor chooses pictures
                count = check_numbers(name, numbers(fetch_rendition(daemon, playlist, Path(folder) / f"{name}.mp4")))
                print(f"# {name}: {count} frames in a row")


if __name__ == "__main__":
    main()
