"""SRT as bytes: a caller that says what it likes, and MPEG-TS to take apart and put together wrongly."""
import select
import socket
import struct
import subprocess
import time

INDUCTION, WAVE, CONCLUSION = 1, 0, 0xffffffff
HSREQ, KMREQ, KMRSP, SID, CONGESTION, GROUP = 1, 3, 4, 5, 6, 8
PACKET, PAYLOAD = 188, 7 * 188
FLAGS = 0xbf                             # of a sender in live mode that can do what it should
VERSION = 0x010501
AGAIN = 0x04000000                       # in a piece that was sent before
ASK_AGAIN_S = 0.5
KEPT_PIECES = 8192                       # that can be sent again


def control(kind, subtype, info, to, body=b"", now=0):
    return struct.pack(">IIII", 0x80000000 | kind << 16 | subtype, info, now, to) + body


def handshake(version, kind, cookie=0, encryption=0, extensions=2, mtu=1500, number=0x1234, blocks=b""):
    return control(0, 0, 0, 0, struct.pack(">IHHIIIIII16s", version, encryption, extensions, 1000, mtu, 8192, kind, number,
                                           cookie, b"\x01\0\0\x7f" + bytes(12)) + blocks)


def block(kind, content, words=None):
    content += bytes(-len(content) % 4)
    return struct.pack(">HH", kind, len(content) // 4 if words is None else words) + content


def hsreq(version=VERSION, flags=FLAGS, latency=120):
    return block(HSREQ, struct.pack(">IIHH", version, flags, latency, latency))


def sid(text):
    text = text.encode() if isinstance(text, str) else text
    text += bytes(-len(text) % 4)
    return block(SID, b"".join(text[at:at + 4][::-1] for at in range(0, len(text), 4)))


class Caller:
    """A caller by hand. It asks again until it is answered, and sends again what the listener misses, as real ones do: a
    machine that is busy loses datagrams on its loopback too."""

    def __init__(self, port, source, limit=10):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.source, self.limit, self.sent = source, limit, {}
        self.start, self.sequence, self.number, self.peer = time.monotonic(), 1000, 1, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for _ in range(3 if self.peer is not None else 0):
            self.send(control(5, 0, 0, self.peer, bytes(4)))
        self.socket.close()

    def send(self, packet):
        try:
            self.socket.send(packet)
        except OSError:
            pass                         # nobody listens for a moment

    def receive(self, seconds):
        """The next packet that comes within so many seconds, or None."""
        until = time.monotonic() + seconds
        while select.select([self.socket], [], [], max(0, until - time.monotonic()))[0]:
            try:
                return self.socket.recv(2048)
            except OSError:
                pass                     # nobody listens for a moment
        return None

    def hear(self, seconds=None):
        """(type, socket id, cookie) of the next handshake that comes; None if none does."""
        until = time.monotonic() + (self.limit if seconds is None else seconds)
        while (got := self.receive(max(0, until - time.monotonic()))) is not None:
            if len(got) >= 64 and got[:4] == b"\x80\0\0\0":
                return struct.unpack(">III", got[36:48])
        return None

    def ask(self, packet, is_answer):
        """Sends a handshake until an answer to it comes; None if none does."""
        until = time.monotonic() + self.limit
        while time.monotonic() < until:
            self.send(packet)
            again = min(until, time.monotonic() + ASK_AGAIN_S)
            while (heard := self.hear(max(0, again - time.monotonic()))) is not None:
                if is_answer(heard):
                    return heard
        return None

    def cookie(self):
        heard = self.ask(handshake(4, INDUCTION), lambda one: one[0] == INDUCTION)
        return heard[2] if heard else 0

    def conclude(self, blocks, extensions=5, **more):
        """-1 when it is taken, the reason when it is refused, None without an answer."""
        heard = self.ask(handshake(5, CONCLUSION, self.cookie(), extensions=extensions, blocks=blocks, **more),
                         lambda one: one[0] != INDUCTION)
        if heard and heard[0] == CONCLUSION:
            self.peer = heard[1]
            return -1
        return heard[0] - 1000 if heard else None

    def publish(self, key, latency=1000):
        return self.conclude(hsreq(latency=latency) + sid(key))

    def keep_alive(self):
        self.send(control(1, 0, 0, self.peer))

    def media(self, data, mbps=8, enough=lambda: False):
        """MPEG-TS, or what claims to be, at a steady rate, until it is all sent or (asked four times a second) enough()."""
        begin, done, look = time.monotonic(), 0, time.monotonic() + 0.25
        for at in range(0, len(data), PAYLOAD):
            piece = data[at:at + PAYLOAD]
            now = int((time.monotonic() - self.start) * 1e6)
            self.sent[self.sequence] = (self.number, now, piece)
            self.send_piece(self.sequence)
            self.sent.pop(self.sequence - KEPT_PIECES, None)
            self.sequence, self.number, done = self.sequence + 1, self.number + 1, done + len(piece)
            self.repair(max(0, done * 8 / mbps / 1e6 - (time.monotonic() - begin)))
            if time.monotonic() > look:
                if enough():
                    return
                look = time.monotonic() + 0.25

    def send_piece(self, sequence, again=0):
        number, at, piece = self.sent[sequence]
        self.send(struct.pack(">IIII", sequence, 0xe0000000 | again | number, at, self.peer) + piece)

    def repair(self, seconds):
        """Sends again, for so many seconds, what the listener says that it misses."""
        until = time.monotonic() + seconds
        while (got := self.receive(max(0, until - time.monotonic()))) is not None:
            if got[:2] != b"\x80\x03":
                continue
            words = iter(struct.unpack(f">{len(got[16:]) // 4}I", got[16:16 + len(got[16:]) // 4 * 4]))
            for first in words:
                last = next(words, 0) if first >> 31 else first
                for sequence in range(first & 0x7fffffff, last + 1):
                    if sequence in self.sent:
                        self.send_piece(sequence, AGAIN)


# ---- MPEG-TS

def make_ts(path, seconds, size="320x180", rate=30, extra=()):
    subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}",
                    "-f", "lavfi", "-i", "sine=sample_rate=48000", "-t", str(seconds), "-c:v", "libx264", "-preset",
                    "ultrafast", "-tune", "zerolatency", "-g", str(rate), "-pix_fmt", "yuv420p", "-b:v", "600k", "-c:a",
                    "aac", "-b:a", "64k", *extra, "-f", "mpegts", path], check=True)
    return path.read_bytes()


def packets(data):
    return [data[at:at + PACKET] for at in range(0, len(data), PACKET)]


def pid(packet):
    return (packet[1] & 0x1f) << 8 | packet[2]


def crc(data):
    value = 0xffffffff
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04c11db7 if value & 0x80000000 else 0)) & 0xffffffff
    return value


def retable(packet, change):
    """A packet with a whole table, whose section (without its CRC) `change` makes another of the same length."""
    begin = 5 + packet[4]
    length = ((packet[begin + 1] & 15) << 8 | packet[begin + 2]) + 3
    section = bytes(change(bytearray(packet[begin:begin + length - 4])))
    return packet[:begin] + section + struct.pack(">I", crc(section)) + packet[begin + length:]


def clock_at(packet):
    """Whether a packet carries a PCR."""
    return packet[3] & 0x20 and packet[4] >= 7 and packet[5] & 0x10
