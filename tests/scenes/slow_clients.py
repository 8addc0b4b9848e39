#!/usr/bin/env python3
"""Real clients, a few at a time and each on a channel of its own, for half a minute: what they push at the canvas' rate comes
out frame for frame. The picture carries its own number in sixteen bars; the one after it must stand on the next frame.

A client that lost something beside others is played again alone, and that counts: a machine that stands still loses frames
of anybody's. What it lost the first time, and how long the machine stood still meanwhile, is printed.

Arguments: names of clients; all of them without."""
import contextlib
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from harness import MACHINE, TOP, Daemon, Failure, Skip, end_session, fetch_rendition, free_ports, main, require, wait_for
from scene_obs import Obs

SECONDS = 30
SPARE = 30                     # seconds that a file is longer: clients start one after another
SETTLED = 90                   # frames after the first of a client's that its clock may take to settle
TRIES_ALONE = 3                # of a client by itself, as long as the machine was disturbed in each
ENOUGH_S = 540                 # after so long nobody is played again
BARS = "geq=lum='if(mod(floor(N/pow(2,floor(X/20))),2),235,16)':cb=128:cr=128"
TOOL = TOP / "build" / "tests" / "tools" / "librtmp_publish"
PASSPHRASE = "a long passphrase"
ON_AIR_S = 60                  # for a client to be on air; OBS takes longest
GROUPS = (("ffmpeg", "ffmpeg-rtmps", "ffmpeg-srt"), ("ffmpeg-secret", "live-transmit", "rtmp2sink"),
          ("rtmpsink", "librtmp"), ("obs",), ("obs-srt",))
CHANNELS = "".join(f"""
  {name}:
    keys: ["{name}-key"]
    canvas: {{size: 320x180, fps: 30}}
    renditions: [{{name: big, size: 320x180, bitrate: 600k}}]
    slate: {{after: 1s, grace: 300s}}
    hls: {{window: 120s, part: none}}
    encoder: {{preset: ultrafast}}
    srt: {{latency: 500ms{f', passphrase: "{PASSPHRASE}"' if "secret" in name else ""}}}
""" for group in GROUPS for name in group)


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
    """{client: what starts it}; OBS is started by other means."""
    server, srt = daemon.server(), f"srt://127.0.0.1:{daemon.srt_port}?streamid="
    play = ["ffmpeg", "-nostdin", "-v", "error", "-re", "-i", path, "-c", "copy", "-f"]
    (relay,) = free_ports(1)
    return {"ffmpeg": [*play, "flv", f"{server}/ffmpeg-key"],
            "ffmpeg-rtmps": [*play, "flv", f"rtmps://127.0.0.1:{rtmps_port}/live/ffmpeg-rtmps-key"],
            "ffmpeg-srt": [*play, "mpegts", f"{srt}ffmpeg-srt-key"],
            "ffmpeg-secret": [*play, "mpegts", f"{srt}ffmpeg-secret-key&passphrase={PASSPHRASE}"],
            "live-transmit": ["sh", "-c", 'relay=$1 to=$2; shift 2; srt-live-transmit "udp://127.0.0.1:$relay" "$to" & exec "$@"',
                              "sh", str(relay), f"{srt}live-transmit-key", *play, "mpegts",
                              f"udp://127.0.0.1:{relay}?pkt_size=1316"],
            "rtmp2sink": gstreamer("rtmp2sink", f"{server}/rtmp2sink-key", path),
            "rtmpsink": gstreamer("rtmpsink", f"{server}/rtmpsink-key live=1", path),
            "librtmp": [TOOL, f"{server}/librtmp-key", path, str(SECONDS + SPARE)]}


@contextlib.contextmanager
def running(name, command):
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT,
                                   start_new_session=True)
        try:
            yield process
        finally:
            end_session(process)
            log.seek(0)
            print("".join(f"# {name}: {line}\n" for line in log.read().decode(errors="replace").splitlines()[-3:]), end="")


def client(name, daemon, rtmps_port, path):
    """The running client, as a context."""
    if name == "obs":
        return Obs(daemon, "obs-key", SECONDS + SPARE + 10, size="320x180")
    if name == "obs-srt":
        return Obs(daemon, "", SECONDS + SPARE + 10, f"srt://127.0.0.1:{daemon.srt_port}?streamid=obs-srt-key", "320x180")
    return running(name, commands(daemon, rtmps_port, path)[name])


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


def check_losses(daemon, name, was):
    """Between two looks nothing was lost."""
    now = counters(daemon, name)
    require(now, f"{name} is no longer live")
    lost = [f"{key} {was[key]} -> {now[key]}" for key in was if key not in ("frames", "late") and now[key] != was[key]]
    require(not lost, f"{name}: {', '.join(lost)}")
    require(now["frames"] - was["frames"] >= (SECONDS - 8) * 30, f"{name}: only {now['frames'] - was['frames']} frames")


def check_output(daemon, name, folder):
    playlist = daemon.media("big", name)
    require("EXT-X-DISCONTINUITY\n" not in playlist.text and "EXT-X-GAP" not in playlist.text, f"{name}: a seam")
    if name.startswith("obs"):                 # its own compositor chooses pictures
        return "nothing lost"
    count = check_numbers(name, numbers(fetch_rendition(daemon, playlist, Path(folder) / f"{name}.mp4")))
    return f"{count} frames in a row"


def failure_of(check, *arguments):
    """What check(…) complains about, or None."""
    try:
        print(f"# {arguments[1]}: {check(*arguments) or 'its counters stood still'}", flush=True)
    except Failure as failure:
        return str(failure)
    return None


def on_air(daemon, name, running_client):
    try:
        return wait_for(f"{name} on air", lambda: counters(daemon, name), ON_AIR_S)
    except Failure:
        if isinstance(running_client, Obs):
            print("".join(f"# obs: {line}\n" for line in running_client.text().splitlines()[-30:]), end="")
        raise


def measure(daemon, names, clients, folder):
    """{name: what it lost in half a minute, or None}"""
    settled = {name: on_air(daemon, name, clients[name])["frames"] + SETTLED for name in names}
    before = wait_for("all to have settled", lambda: (lambda now: now if all(now.values()) and all(
        now[name]["frames"] > settled[name] for name in names) else None)(
            {name: counters(daemon, name) for name in names}))
    wait_for("half a minute", lambda: all(
        (counters(daemon, name) or {"frames": 1 << 30})["frames"] > before[name]["frames"] + (SECONDS - 5) * 30
        for name in names), SECONDS + 30)
    return {name: failure_of(check_losses, daemon, name, before[name]) or failure_of(check_output, daemon, name, folder)
            for name in names}


def push(daemon, names, rtmps_port, path, folder):
    """These clients at once; {name: what it lost, or None}."""
    try:
        with contextlib.ExitStack() as stack:
            clients = {name: stack.enter_context(client(name, daemon, rtmps_port, path)) for name in names}
            return measure(daemon, names, clients, folder)
    except Failure as failure:                 # it is not known whose
        return {name: str(failure) for name in names}
    finally:
        for name in names:
            daemon.api("POST", f"/v1/channels/{name}/end")
            wait_for(f"the end of {name}'s show", lambda name=name: daemon.state(name) == "off")


def push_alone(daemon, name, begin, *rest):
    """What it lost in the last attempt, or None."""
    for _ in range(TRIES_ALONE):
        alone = MACHINE.now()
        lost = push(daemon, [name], *rest)[name]
        if not lost:
            return None
        print(f"# {lost}, alone; {MACHINE.words(alone)}", flush=True)
        if not MACHINE.disturbed(alone) or time.monotonic() - begin > ENOUGH_S:
            break
    return lost


def there(name):
    """Whether a client is installed; the others are checked without it."""
    needs = {"librtmp": TOOL, "live-transmit": "srt-live-transmit", "rtmp2sink": "gst-launch-1.0", "rtmpsink": "gst-launch-1.0",
             "obs": "obs", "obs-srt": "obs"}.get(name, "ffmpeg")
    return subprocess.run(["which", needs], capture_output=True).returncode == 0


def play_all(daemon, rtmps_port, folder):
    path, begin, failures = material(folder), time.monotonic(), []
    for group in GROUPS:
        names = [name for name in group if there(name) and (not sys.argv[1:] or name in sys.argv[1:])]
        started = MACHINE.now()
        lost = push(daemon, names, rtmps_port, path, folder) if names else {}
        for name in [name for name in names if lost[name]]:
            print(f"# {lost[name]}, beside {', '.join(names)}; {MACHINE.words(started)}; once more alone", flush=True)
            again = push_alone(daemon, name, begin, rtmps_port, path, folder)
            failures += [again] if again else []
    require(not failures, "; ".join(failures))


def scene_each_client_frame_for_frame():
    with tempfile.TemporaryDirectory() as folder:
        make_certificate(folder)
        (rtmps_port,) = free_ports(1)
        daemon = Daemon(channels=CHANNELS)
        text = daemon.config.read_text().replace("listen: {", f'listen: {{rtmps: "127.0.0.1:{rtmps_port}", ', 1)
        daemon.config.write_text(f"tls: {{certificate: {folder}/certificate.pem, key: {folder}/key.pem}}\n{text}")
        with daemon:
            play_all(daemon, rtmps_port, folder)


def scene_all_clients_are_there():
    missing = [name for group in GROUPS for name in group if not there(name)]
    if missing:
        raise Skip(f"not installed: {', '.join(missing)}")


if __name__ == "__main__":
    main()
