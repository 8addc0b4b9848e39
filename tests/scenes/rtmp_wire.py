"""RTMP as a publisher writes it, byte for byte, so that a case can write it wrongly."""
import socket
import struct
import subprocess
from functools import lru_cache
from typing import NamedTuple

HELLO = b"\x03" + bytes(1536)
C2 = bytes(1536)
AUDIO, VIDEO, DATA, COMMAND, AGGREGATE = 8, 9, 18, 20, 22
CHUNK = 4096                                 # of what is sent once publishing


# ---- AMF0

def text(value):
    value = value.encode() if isinstance(value, str) else value
    return b"\x02" + struct.pack(">H", len(value)) + value


def number(value):
    return b"\x00" + struct.pack(">d", value)


def members(**values):
    return b"\x03" + b"".join(struct.pack(">H", len(name)) + name.encode() + value
                              for name, value in values.items()) + b"\x00\x00\x09"


# ---- chunks

def head(csid, kind, size, stream=0, time=0):
    """A type 0 header; times past 0xfffffe are extended."""
    return bytes([csid]) + struct.pack(">I", min(time, 0xffffff))[1:] + struct.pack(">I", size)[1:] + bytes([kind]) + \
        struct.pack("<I", stream) + (struct.pack(">I", time) if time >= 0xffffff else b"")


def message(kind, body, csid=3, stream=0, chunk=128, time=0, repeat_time=True):
    """One message; an extended time stands again in each further chunk, as the specification has it, or does not."""
    again = struct.pack(">I", time) if time >= 0xffffff and repeat_time else b""
    out = head(csid, kind, len(body), stream, time) + body[:chunk]
    for at in range(chunk, len(body), chunk):
        out += bytes([0xc0 | csid]) + again + body[at:at + chunk]
    return out


def control(kind, value):
    return message(kind, struct.pack(">I", value), csid=2)


def user_control(event, value):
    return message(4, struct.pack(">HI", event, value), csid=2)


# ---- commands

def connect(app="live", **more):
    return message(COMMAND, text("connect") + number(1) + members(app=text(app), **more))


def command(name, transaction, *arguments, stream=0):
    return message(COMMAND, text(name) + number(transaction) + b"\x05" + b"".join(arguments), stream=stream)


def rest(key="papaya-key", connected=None):
    """All of a publisher's set-up but its handshake."""
    return (connect() if connected is None else connected) + command("createStream", 2) + \
        command("publish", 3, text(key), text("live"), stream=1)


def setup(key="papaya-key", connected=None):
    return HELLO + C2 + rest(key, connected)


# ---- media

class Tag(NamedTuple):
    kind: int
    time: int                                # ms
    body: bytes


@lru_cache
def media(seconds=1):
    """The tags of a short film: H.264 at 30 fps, AAC."""
    flv = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc2=size=320x180:rate=30", "-f",
                          "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", str(seconds), "-c:v", "libx264",
                          "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac",
                          "-f", "flv", "-"], check=True, capture_output=True).stdout
    tags, at = [], 13
    while at < len(flv):
        kind, size = flv[at], int.from_bytes(flv[at + 1:at + 4], "big")
        time = int.from_bytes(flv[at + 4:at + 7], "big") | flv[at + 7] << 24
        tags.append(Tag(kind, time, flv[at + 11:at + 11 + size]))
        at += 11 + size + 4
    return tags


def pictures(tags):
    """How many pictures there are to be decoded."""
    return sum(tag.kind == VIDEO and tag.body[1] == 1 for tag in tags)


def write_tags(tags, start=0, **how):
    """Each kind on a chunk stream of its own, all on message stream 1."""
    return b"".join(message(tag.kind, tag.body, {AUDIO: 4, VIDEO: 6, DATA: 5}[tag.kind], how.get("stream", 1), CHUNK,
                            (start + tag.time) & 0xffffffff, how.get("repeat_time", True)) for tag in tags)


class Push:
    """A connection that publishes: set up, told so, and with large chunks from then on."""

    def __init__(self, port, source, key="papaya-key", before=None):
        self.socket = socket.create_connection(("127.0.0.1", port), 20, (source, 0))
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.heard = b""
        self.closed = False
        self.send(setup(key) if before is None else before)
        self.listen(b"NetStream.Publish.Start")
        self.send(control(1, CHUNK))

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.socket.close()

    def send(self, data):
        try:
            self.socket.sendall(data)
        except (ConnectionResetError, BrokenPipeError):
            self.closed = True

    def listen(self, phrase=None):
        """Reads until the phrase has come, or without one to the end. False: the daemon holds the line."""
        try:
            while phrase is None or phrase not in self.heard:
                got = self.socket.recv(65536)
                if not got:
                    self.closed = True
                    return True
                self.heard += got
        except (ConnectionResetError, BrokenPipeError):
            self.closed = True
        except TimeoutError:
            return False
        return True

    def drain(self):
        """Takes what the daemon has said so far."""
        self.socket.setblocking(False)
        try:
            while got := self.socket.recv(65536):
                self.heard += got
            self.closed = True
        except BlockingIOError:
            pass
        except OSError:
            self.closed = True
        self.socket.settimeout(20)
