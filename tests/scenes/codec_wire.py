"""Tags, records and pictures as an encoder writes them, bit for bit, so that a case can write them wrongly; and real ones
from ffmpeg."""
import functools
import struct
import subprocess
import tempfile
from pathlib import Path

VIDEO, AUDIO, DATA = 9, 8, 18
H264_KEY, H264_INTER = b"\x17", b"\x27"


class Bits:
    def __init__(self):
        self.text = ""

    def u(self, value, count):
        self.text += format(value & ((1 << count) - 1), f"0{count}b") if count else ""
        return self

    def ue(self, value):
        text = format(value + 1, "b")
        self.text += "0" * (len(text) - 1) + text
        return self

    def align(self):
        self.text += "0" * (-len(self.text) % 8)
        return self

    def data(self, data):
        self.text += "".join(format(one, "08b") for one in data)
        return self

    def bytes(self):
        text = self.text + "0" * (-len(self.text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big") if text else b""


def escaped(payload):
    out, zeros = bytearray(), 0
    for one in payload:
        if zeros == 2 and one <= 3:
            out.append(3)
            zeros = 0
        zeros = zeros + 1 if one == 0 else 0
        out.append(one)
    return bytes(out)


def nal(head, bits):
    return bytes([head]) + escaped(bits.u(1, 1).bytes())


# ---- H.264 out of plain macroblocks: any size, any parameter

def sps(width=64, height=64, references=1, fields=False, crop=(), vui=None, level=31):
    """`vui(bits)` writes usability information. Width and height in whole macroblocks."""
    bits = Bits().data([77, 0, level]).ue(0).ue(0).ue(2).ue(references).u(0, 1).ue(width // 16 - 1)
    bits.ue(height // (32 if fields else 16) - 1).u(not fields, 1)
    if fields:
        bits.u(0, 1)
    bits.u(1, 1).u(bool(crop), 1)
    for one in crop:
        bits.ue(one)
    bits.u(vui is not None, 1)
    if vui:
        vui(bits)
    return nal(0x67, bits)


def timing(units, scale):
    return lambda bits: bits.u(0, 4).u(1, 1).u(units, 32).u(scale, 32).u(0, 5)


def reordering(pictures):
    """Bitstream restrictions that have a decoder hold back so many pictures."""
    return lambda bits: bits.u(0, 8).u(1, 1).u(1, 1).ue(0).ue(0).ue(10).ue(10).ue(pictures).ue(16)


def pps(slice_groups=1):
    bits = Bits().ue(0).ue(0).u(0, 2).ue(slice_groups - 1)
    if slice_groups > 1:
        bits.ue(0)
        for _ in range(slice_groups):
            bits.ue(3)
    return nal(0x68, bits.ue(0).ue(0).u(0, 3).ue(0).ue(0).ue(0).u(0, 3))


def slices(macroblocks, count=1, brightness=128, field=None, key=True):
    """NAL units of a picture, or of its field 0 or 1, out of PCM macroblocks."""
    out, each = [], -(-macroblocks // count)
    for first in range(0, macroblocks, each):
        bits = Bits().ue(first).ue(7).ue(0).u(0, 4)
        if field is not None:
            bits.u(1, 1).u(field, 1)
        if key:
            bits.ue(0).u(0, 2)                   # IDR picture's id, no marks
        else:
            bits.u(0, 1)
        bits.ue(0)                               # the quantiser's delta is se(0)
        body = bytes([brightness] * 256 + [128] * 128)
        for _ in range(min(each, macroblocks - first)):
            bits.ue(25).align().data(body)
        out.append(nal(0x65 if key else 0x61, bits))
    return out


def lengths(units, size=4):
    return b"".join(len(one).to_bytes(size, "big") + one for one in units)


def avcc(sets, length_size=4, sps_count=None, pps_sets=()):
    record = bytes([1, 77, 0, 31, 0xfc | (length_size - 1), 0xe0 | (len(sets) if sps_count is None else sps_count)])
    record += lengths(sets, 2)
    return record + bytes([len(pps_sets)]) + lengths(pps_sets, 2)


def h264_config(record):
    return VIDEO, H264_KEY + b"\x00\x00\x00\x00" + record


def h264_picture(data, key=True, composition=0):
    return VIDEO, (H264_KEY if key else H264_INTER) + b"\x01" + struct.pack(">i", composition)[1:] + data


# ---- real ones

def ffmpeg(*arguments, to):
    """What ffmpeg writes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"out.{to}"
        subprocess.run(["ffmpeg", "-nostdin", "-v", "error", *map(str, arguments), path], check=True,
                       env={"PATH": "/usr/bin:/bin", "SVT_LOG": "0"})
        return path.read_bytes()


def flv_tags(data):
    """[(type, body)] of a file's tags without its metadata."""
    out, at = [], 13
    while at + 11 <= len(data):
        kind, size = data[at], int.from_bytes(data[at + 1:at + 4], "big")
        if kind != DATA:
            out.append((kind, data[at + 11:at + 11 + size]))
        at += 11 + size + 4
    return out


def picture_source(size, pictures, source="testsrc2"):
    return ["-f", "lavfi", "-i", f"{source}=size={size}:rate=30", "-frames:v", pictures]


@functools.lru_cache(maxsize=None)
def h264(size="320x180", pictures=10, params="", pixels="yuv420p", source="testsrc2", extra=()):
    """Tags of a legacy H.264 stream: its configuration first."""
    return flv_tags(ffmpeg(*picture_source(size, pictures, source), "-c:v", "libx264", "-preset", "ultrafast", "-tune",
                           "zerolatency", "-pix_fmt", pixels, "-x264-params", f"log-level=none:{params}", *extra,
                           to="flv"))


def h264_record(tags):
    return next(body[5:] for kind, body in tags if kind == VIDEO and body[1] == 0)


def h264_units(body):
    """NAL units of a legacy H.264 picture's tag with lengths of four bytes."""
    out, at = [], 5
    while at < len(body):
        size = int.from_bytes(body[at:at + 4], "big")
        out.append(body[at + 4:at + 4 + size])
        at += 4 + size
    return out


def ivf_frames(data):
    out, at = [], 32
    while at < len(data):
        size = int.from_bytes(data[at:at + 4], "little")
        out.append(data[at + 12:at + 12 + size])
        at += 12 + size
    return out


def annexb_pictures(data, delimiter):
    """Access units of a byte stream with delimiters, as lists of NAL units."""
    out = []
    for one in data.replace(b"\0\0\0\1", b"\0\0\1").split(b"\0\0\1")[1:]:
        if one[0] == delimiter:
            out.append([])
        elif out:
            out[-1].append(one)
    return out


HVCC = bytes([1, 1, 0x60]) + bytes(10) + bytes([0xf0, 0, 0xfc, 0xfd, 0xf8, 0xf8, 0, 0, 0x0f, 0])
HVCC = HVCC[:12] + bytes([93]) + HVCC[13:]
AV1C = bytes([0x81, 0, 0x0c, 0])
VPCC = bytes([1, 0, 0, 0, 0, 31, 0x82, 1, 1, 1, 0, 0])
ENCODERS = {
    "hvc1": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
             "log-level=none:aud=1:repeat-headers=1:bframes=0"],
    "av01": ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-lag-in-frames", "0", "-b:v", "500k"],
    "vp09": ["-c:v", "libvpx-vp9", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-b:v", "500k"],
    "vp08": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-lag-in-frames", "0", "-b:v", "500k"],
}
RECORDS = {"hvc1": HVCC, "av01": AV1C, "vp09": VPCC, "vp08": VPCC}


@functools.lru_cache(maxsize=None)
def pictures(fourcc, size="320x180", count=10, extra=()):
    """Access units of a codec of Enhanced RTMP, the first of them a key frame."""
    data = ffmpeg(*picture_source(size, count), "-pix_fmt", "yuv420p", "-g", "300", *ENCODERS[fourcc], *extra,
                  to="hevc" if fourcc == "hvc1" else "ivf")
    return [lengths(one) for one in annexb_pictures(data, 70)] if fourcc == "hvc1" else ivf_frames(data)


def enhanced(fourcc, data, key=False, packet=1, video=True, composition=b"\0\0\0"):
    first = (0x80 | (0x10 if key else 0x20) | packet) if video else 0x90 | packet
    nals = video and fourcc in ("hvc1", "avc1") and packet == 1
    return VIDEO if video else AUDIO, bytes([first]) + fourcc.encode() + (composition if nals else b"") + data


def enhanced_stream(fourcc, record=None, **options):
    """Tags of a whole stream, its configuration first."""
    units = pictures(fourcc, **options)
    return [enhanced(fourcc, RECORDS[fourcc] if record is None else record, True, 0)] + [
        enhanced(fourcc, unit, at == 0) for at, unit in enumerate(units)]


@functools.lru_cache(maxsize=None)
def aac(rate=48000, channels=2, seconds=1, extra=()):
    """Tags of AAC sound, its configuration first."""
    return flv_tags(ffmpeg("-f", "lavfi", "-i", f"sine=frequency=440:sample_rate={rate}", "-t", seconds, "-ac", channels,
                           "-c:a", "aac", *extra, to="flv"))


@functools.lru_cache(maxsize=None)
def ogg_packets(codec, seconds=1):
    """(configuration, packets) of Opus or FLAC."""
    data = ffmpeg("-f", "lavfi", "-i", "sine=frequency=440:sample_rate=48000", "-t", seconds, "-ac", "2", "-c:a", codec,
                  "-page_duration", "1", to="ogg")
    packets, rest, at = [], b"", 0
    while at < len(data):
        count = data[at + 26]
        table = data[at + 27:at + 27 + count]
        at += 27 + count
        for size in table:
            rest += data[at:at + size]
            at += size
            if size < 255:
                packets.append(rest)
                rest = b""
    if codec == "flac":
        return packets[0][13:], [one for one in packets if one[:1] == b"\xff"]
    return packets[0], packets[2:]
