"""Reads back what the packager wrote: ISO BMFF boxes, `emsg`, ID3, decoded frames and samples."""
import json
import struct
import subprocess

from harness import require

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"moof", b"traf"}


def boxes(data, start=0, end=None, path=()):
    """Every box as (path, payload), containers before what they hold."""
    end = len(data) if end is None else end
    while start < end:
        size, kind = struct.unpack_from(">I4s", data, start)
        header = 8
        if size == 1:
            size = struct.unpack_from(">Q", data, start + 8)[0]
            header = 16
        require(size >= header and start + size <= end, f"box {kind} of {size} bytes at {start} of {end}")
        yield (*path, kind.decode()), data[start + header:start + size]
        if kind in CONTAINERS:
            yield from boxes(data, start + header, start + size, (*path, kind.decode()))
        start += size


def timescale(init):
    for path, payload in boxes(init):
        if path[-1] == "mdhd":
            return struct.unpack_from(">I", payload, 20 if payload[0] == 1 else 12)[0]
    raise AssertionError("no mdhd")


def decode_time(segment):
    for path, payload in boxes(segment):
        if path[-1] == "tfdt":
            return struct.unpack_from(">Q" if payload[0] == 1 else ">I", payload, 4)[0]
    raise AssertionError("no tfdt")


def synchsafe(data):
    return data[0] << 21 | data[1] << 14 | data[2] << 7 | data[3]


def id3_json(tag):
    """The JSON of a tag with one TXXX frame; the sizes must add up exactly."""
    require(tag[:5] == b"ID3\x04\x00", "not an ID3v2.4 tag")
    require(synchsafe(tag[6:10]) == len(tag) - 10, "size of the ID3 tag")
    require(tag[10:14] == b"TXXX" and synchsafe(tag[14:18]) == len(tag) - 20, "size of the TXXX frame")
    require(tag[20] == 3, "TXXX is not UTF-8")
    description, value = tag[21:].split(b"\0", 1)
    require(description == b"vitrine.cue.v1", f"TXXX description {description}")
    require(len(value) <= 900, f"a cue of {len(value)} bytes")
    return json.loads(value)


def cues(segment):
    """[{time, duration, timescale, id, cue}] of a segment's emsg boxes, in order; each must stand before a moof."""
    out, before_media = [], True
    for path, payload in boxes(segment):
        if path == ("moof",):
            before_media = True
        if path == ("mdat",):
            before_media = False
        if path != ("emsg",):
            continue
        require(payload[:4] == b"\x01\0\0\0", "emsg is not version 1")
        scale, time, duration, identity = struct.unpack_from(">IQII", payload, 4)
        scheme, value, message = payload[24:].split(b"\0", 2)
        require(scheme == b"https://aomedia.org/emsg/ID3" and value == b"0", f"emsg scheme {scheme} {value}")
        out.append({"time": time, "duration": duration, "timescale": scale, "id": identity,
                    "cue": id3_json(message)})
    require(before_media is False, "an emsg after the last mdat")
    return out


def first_pts(path, stream):
    answer = subprocess.run(["ffprobe", "-v", "error", "-select_streams", stream, "-show_entries", "packet=pts_time",
                             "-read_intervals", "%+#1", "-of", "csv=p=0", path], capture_output=True, text=True)
    return float(answer.stdout.split("\n")[0].strip().strip(","))


def frames(path, width, height, rate=30):
    """(number of the first frame, [grey pictures as bytes]) of a video file of constant rate."""
    raw = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v", "-fps_mode", "passthrough",
                          "-f", "rawvideo", "-pix_fmt", "gray", "-"], capture_output=True, check=True).stdout
    size = width * height
    require(len(raw) % size == 0, f"{len(raw)} bytes are no whole pictures of {width}x{height}")
    return round(first_pts(path, "v:0") * rate), [raw[at:at + size] for at in range(0, len(raw), size)]


def samples(path):
    """(time of the first sample in seconds, [mono samples]) at 48 kHz."""
    raw = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-ac", "1", "-ar", "48000",
                          "-f", "s16le", "-"], capture_output=True, check=True).stdout
    return first_pts(path, "a:0"), memoryview(raw).cast("h")
