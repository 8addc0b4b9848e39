"""SRT as bytes: a caller that says what it likes, and MPEG-TS to take apart and put together wrongly."""
import socket
import struct
import subprocess
import time

INDUCTION, WAVE, CONCLUSION = 1, 0, 0xffffffff
HSREQ, KMREQ, KMRSP, SID, CONGESTION, GROUP = 1, 3, 4, 5, 6, 8
PACKET, PAYLOAD = 188, 7 * 188
FLAGS = 0xbf                             # of a sender in live mode that can do what it should
VERSION = 0x010501


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
    """A caller by hand: no retransmission, no answers to what the listener says."""

    def __init__(self, port, source, limit=2):
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind((source, 0))
        self.socket.connect(("127.0.0.1", port))
        self.socket.settimeout(limit)
        self.start, self.sequence, self.number, self.peer = time.monotonic(), 1000, 1, None

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.peer is not None:
            self.send(control(5, 0, 0, self.peer, bytes(4)))
        self.socket.close()

    def send(self, packet):
        try:
            self.socket.send(packet)
        except OSError:
            pass                         # nobody listens for a moment

    def hear(self):
        """(type, socket id, cookie) of the next handshake that comes; None if none does."""
        try:
            while True:
                got = self.socket.recv(2048)
                if len(got) >= 64 and got[:4] == b"\x80\0\0\0":
                    return struct.unpack(">III", got[36:48])
        except OSError:
            return None

    def cookie(self):
        self.send(handshake(4, INDUCTION))
        heard = self.hear()
        return heard[2] if heard else 0

    def conclude(self, blocks, extensions=5, **more):
        """-1 when it is taken, the reason when it is refused, None without an answer."""
        self.send(handshake(5, CONCLUSION, self.cookie(), extensions=extensions, blocks=blocks, **more))
        heard = self.hear()
        if heard and heard[0] == CONCLUSION:
            self.peer = heard[1]
            return -1
        return heard[0] - 1000 if heard else None

    def publish(self, key, latency=120):
        return self.conclude(hsreq(latency=latency) + sid(key))

    def media(self, data, mbps=8):
        """MPEG-TS, or what claims to be, at a steady rate."""
        begin, sent = time.monotonic(), 0
        for at in range(0, len(data), PAYLOAD):
            piece = data[at:at + PAYLOAD]
            now = int((time.monotonic() - self.start) * 1e6)
            self.send(struct.pack(">IIII", self.sequence, 0xe0000000 | self.number, now, self.peer) + piece)
            self.sequence, self.number, sent = self.sequence + 1, self.number + 1, sent + len(piece)
            ahead = sent * 8 / mbps / 1e6 - (time.monotonic() - begin)
            if ahead > 0:
                time.sleep(ahead)


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
