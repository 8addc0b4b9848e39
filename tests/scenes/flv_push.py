"""A publisher whose timestamps are rewritten: sends the tags of an FLV file over RTMP, each when it is due."""
import bisect
import socket
import struct
import subprocess
import threading
import time

from harness import require
from rtmp_wire import command, control, setup

AUDIO, VIDEO = 8, 9
CHUNK = 65536

# A white flash and a beep, on every whole second.
FLASH = "color=c=black:size=320x180:rate={rate},drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'"
BEEP = "aevalsrc='if(lt(mod(t,1),0.1),0.5*sin(2*PI*1000*t),0)':s=48000"


def encode(path, seconds, rate=30, extra=()):
    """Each picture by itself, so that any may be left out."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", FLASH.format(rate=rate), "-f",
                           "lavfi", "-i", BEEP, "-t", str(seconds), "-c:v", "libx264", "-preset", "ultrafast", "-g", "1",
                           "-pix_fmt", "yuv420p", "-c:a", "aac", "-ac", "2", *extra, "-f", "flv", path],
                          capture_output=True, text=True, check=False)
    require(done.returncode == 0, f"ffmpeg: {done.stderr}")
    return path


class Tag:
    """kind; ms: its time in the file; body; config: it is a configuration; due: seconds after the first one."""

    def __init__(self, kind, ms, body):
        self.kind, self.ms, self.body, self.due = kind, ms, bytearray(body), ms / 1000
        self.config = len(body) > 1 and body[1] == 0 and (kind == VIDEO or body[0] >> 4 == 10)

    def set_composition(self, ms):
        self.body[2:5] = struct.pack(">i", ms)[1:]


def read(path):
    with open(path, "rb") as file:
        data = file.read()
    tags, at = [], 13
    while at + 11 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1:at + 4], "big")
        ms = int.from_bytes(data[at + 4:at + 7], "big") | data[at + 7] << 24
        if kind in (AUDIO, VIDEO):
            tags.append(Tag(kind, ms, data[at + 11:at + 11 + size]))
        at += 15 + size
    return tags


def wire(tag, ms):
    ms &= 0xffffffff
    extended = struct.pack(">I", ms) if ms >= 0xffffff else b""
    header = bytes([6]) + min(ms, 0xffffff).to_bytes(3, "big") + len(tag.body).to_bytes(3, "big") + bytes([tag.kind]) + \
        struct.pack("<I", 1) + extended
    out = header + tag.body[:CHUNK]
    for at in range(CHUNK, len(tag.body), CHUNK):
        out += b"\xc6" + extended + tag.body[at:at + CHUNK]
    return bytes(out)


def publish(daemon, key, tags, stamp, source="127.0.0.1"):
    """Sends the tags, each `due` seconds after the beginning with the time that stamp(tag) says; returns how many went."""
    with socket.create_connection(("127.0.0.1", daemon.rtmp_port), 12, (source, 0)) as encoder:
        encoder.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        encoder.sendall(setup(key))
        heard = b""
        while b"NetStream.Publish.Start" not in heard:
            got = encoder.recv(4096)
            require(got, f"the connection was closed: {heard[-200:]!r}")
            heard += got
        threading.Thread(target=swallow, args=(encoder,), daemon=True).start()
        encoder.sendall(control(1, CHUNK))
        begin, sent = time.monotonic(), 0
        for tag in sorted(tags, key=lambda one: one.due):
            time.sleep(max(0, begin + tag.due - time.monotonic()))
            encoder.sendall(wire(tag, stamp(tag)))
            sent += 1
        encoder.sendall(command("deleteStream", 9, b"\x00" + struct.pack(">d", 1)))
        encoder.shutdown(socket.SHUT_WR)
    return sent


def swallow(encoder):
    try:
        while encoder.recv(65536):
            pass
    except OSError:
        pass


def nearest(sorted_times, at):
    index = bisect.bisect(sorted_times, at)
    return min(sorted_times[max(0, index - 1):index + 1], key=lambda one: abs(one - at), default=None)
