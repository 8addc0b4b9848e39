#!/usr/bin/env python3
"""Cases 48 to 60: tags, configuration records and pictures that lie. What must come of each is either that the encoder is
told why it is refused, or that what is whole afterwards is decoded."""
import random
import re
import socket
import struct

import cases
from cases import REFUSED, Case
from codec_wire import (AV1C, AUDIO, DATA, HVCC, RECORDS, VIDEO, VPCC, Bits, aac, avcc, enhanced, enhanced_stream, h264,
                        h264_config, h264_picture, h264_record, h264_units, lengths, ogg_packets, pictures, pps,
                        reordering, slices, sps, timing)
from harness import wait_for
from rtmp_wire import command, control, head, members, number, setup, text

PICTURE, SOUND = "the picture goes on", "the sound goes on"
CHUNK = 60000
FRAME_MS = 33
ERRORS_IN_ROW = 300                      # ingest/decode.h, ingest/publisher.h: then it is given up
TOO_LARGE = "the picture is larger than 4096x2304"


def wrapped(kind, body, time):
    """A tag as a message of one stream, in large chunks."""
    csid = 6 if kind == VIDEO else 4
    out = head(csid, kind, len(body), 1, time) + body[:CHUNK]
    for at in range(CHUNK, len(body), CHUNK):
        out += bytes([0xc0 | csid]) + body[at:at + CHUNK]
    return out


def told(heard):
    """What a refused encoder is told."""
    found = (list(re.finditer(rb"description\x02(..)", heard, re.S)) or [None])[-1]
    size = int.from_bytes(found[1], "big") if found else 0
    return heard[found.end():found.end() + size].decode(errors="replace") if found else ""


def push(stage, tags, goodbye=True):
    """Sends tags and says goodbye; or waits to be sent away. Returns what it was told, or ""."""
    with socket.create_connection(("127.0.0.1", stage.daemon.rtmp_port), 12, (stage.source(), 0)) as encoder:
        encoder.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        heard, times = b"", {VIDEO: 0, AUDIO: 0, DATA: 0}
        try:
            encoder.sendall(setup() + control(1, CHUNK))
            while b"Publish.Start" not in heard:
                got = encoder.recv(4096)
                if not got:
                    return "closed"
                heard += got
            for kind, body in tags:
                encoder.sendall(wrapped(kind, body, times[kind]))
                times[kind] += FRAME_MS if kind == VIDEO else 21
            if goodbye:
                encoder.sendall(command("deleteStream", 7, number(1)))
                encoder.shutdown(socket.SHUT_WR)
        except OSError:
            pass                         # it has been refused already: what it was told is there to be read
        try:
            while got := encoder.recv(4096):
                heard += got
        except OSError:
            pass
        return told(heard) if b"Publish.BadName" in heard else ""


def ended(stage, logged):
    """(pictures, seconds of sound) of the publisher that has just gone."""
    pattern = re.compile(r"ingest papaya\S*: .*?(\d+) pictures.*? ([\d.]+) s of sound")
    line = wait_for("the end of the ingest in the log", lambda: pattern.search(stage.daemon.text()[logged:]))
    return int(line[1]), float(line[2])


def plays(tags, least):
    """At least so many pictures must be decoded of `tags`."""
    def send(stage):
        logged = len(stage.daemon.text())
        words = push(stage, tags() if callable(tags) else tags)
        count, _ = ended(stage, logged)
        return PICTURE if not words and count >= least else f"told {words!r} after {count} pictures of {least}"
    return send


def sounds(tags, least):
    """At least so many seconds of sound must be decoded of `tags`."""
    def send(stage):
        logged = len(stage.daemon.text())
        words = push(stage, tags() if callable(tags) else tags)
        _, seconds = ended(stage, logged)
        return SOUND if not words and seconds >= least else f"told {words!r} after {seconds} s of sound, not {least}"
    return send


def refused(tags, why):
    """The encoder must be told why."""
    def send(stage):
        words = push(stage, tags() if callable(tags) else tags, goodbye=False)
        return REFUSED if why in words else f"told {words!r}"
    return send


def picture(number_, what, tags, least=10):
    return Case(number_, what, plays(tags, least), PICTURE)


def sound(number_, what, tags, least):
    return Case(number_, what, sounds(tags, least), SOUND)


def refusal(number_, what, tags, why):
    return Case(number_, what, refused(tags, why), REFUSED, why)


def before(*tags):
    """Tags, and then a whole stream: ten pictures."""
    return lambda: [*tags, *h264()]


# ---- H.264

def made(own_sps, many=3, macroblocks=16, **options):
    """A stream of plain pictures with an SPS of ours."""
    return [h264_config(avcc([own_sps], pps_sets=[pps()]))] + [
        h264_picture(lengths(slices(macroblocks, **options))) for _ in range(many)]


def field_pictures():
    each = lengths(slices(8, field=0) + slices(8, field=1, key=False))
    return [h264_config(avcc([sps(fields=True)], pps_sets=[pps()]))] + [h264_picture(each)] * 3


def with_lengths_of(size):
    tags = h264(params="slice-max-size=150") if size == 1 else h264()
    record = bytearray(h264_record(tags))
    record[4] = 0xfc | (size - 1)
    return [h264_config(bytes(record))] + [
        (VIDEO, body[:5] + lengths([one for one in h264_units(body) if len(one) < 256 ** size], size))
        for _, body in tags[1:]]


def in_band(own_sps=None, count=10):
    """Parameter sets in the pictures, none in the record."""
    tags = h264(params="repeat-headers=1")
    units = [h264_units(body) for _, body in tags[1:1 + count]]
    if own_sps:
        units = [[own_sps if one[0] & 31 == 7 else one for one in each] for each in units]
    return [h264_config(avcc([]))] + [h264_picture(lengths(each), at == 0) for at, each in enumerate(units)]


def annexb():
    tags = h264()
    return tags[:1] + [(VIDEO, body[:5] + b"".join(b"\0\0\0\1" + one for one in h264_units(body))) for _, body in tags[1:]]


def flips(count, banded):
    """`count` key frames, each of another size than the one before."""
    two = [made(sps(64, 64), 1), made(sps(96, 64), 1, macroblocks=24)]
    if banded:
        sets = [[sps(64, 64), pps()], [sps(96, 64), pps()]]
        return [h264_config(avcc([]))] + [
            h264_picture(lengths(sets[at % 2] + slices(24 if at % 2 else 16))) for at in range(count)]
    return [tag for at in range(count) for tag in two[at % 2]]


def padded(units):
    """A whole stream, with `units` before its key frame's."""
    tags = list(h264())
    kind, body = tags[1]
    tags[1] = (kind, body[:5] + lengths(list(units)) + body[5:])
    return tags


def loud_pictures():
    return h264("640x360", 3, "qp=1:cabac=1", source="nullsrc", extra=("-vf", "geq=random(1)*255:128:128"))


def interlaced():
    return h264("320x192", 10, "interlaced=1:tff=1")


BROKEN_SETS = avcc([], sps_count=31)
PAST_THE_END = bytes([1, 77, 0, 31, 0xff, 0xe1, 0xff, 0xff, 0x67])
HUGE = sps(16384, 16384, references=16, level=62)


# ---- other codecs

def mutated(record, fourcc, seed):
    """Twelve damaged records, each with a picture, and then a whole stream."""
    tags, chance = [], random.Random(seed)
    units = pictures(fourcc)
    for _ in range(12):
        bad = bytearray(record)
        for _ in range(chance.randint(1, 6)):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        if chance.random() < 0.3:
            del bad[chance.randrange(len(bad)):]
        tags += [enhanced(fourcc, bytes(bad), True, 0), enhanced(fourcc, units[0], True)]
    return tags + enhanced_stream(fourcc)


def av1_sequence(points=1, layers=0, width=320, height=180):
    """A sequence header with so many operating points."""
    bits = Bits().u(0, 3).u(0, 2).u(0, 1).u(0, 1).u(points - 1, 5)
    for _ in range(points):
        bits.u(layers, 12).u(5, 5)
    bits.u(15, 4).u(15, 4).u(width - 1, 16).u(height - 1, 16).u(0, 1)
    bits.u(0, 3).u(0, 8).u(0, 3).u(0, 8).u(1, 1)
    body = bits.bytes() + bytes(4)
    return bytes([0x0a, len(body)]) + body


def av1_behind(sequence):
    """The sequence header alone as a picture, and then a whole stream."""
    return [enhanced("av01", AV1C, True, 0), enhanced("av01", b"\x12\0" + sequence, True), *enhanced_stream("av01")]


def grainy():
    return enhanced_stream("av01", extra=("-denoise-noise-level", "40"))


def vp9_frame(width, height):
    bits = Bits().u(2, 2).u(0, 2).u(0, 2).u(1, 1).u(0, 1).u(0x498342, 24).u(2, 3).u(0, 1).u(width - 1, 16)
    return bits.u(height - 1, 16).bytes() + bytes(8)


def vp9_scaled():
    """A key frame, then pictures of another size that refer to it."""
    frames = pictures("vp09")
    bits = Bits().u(2, 2).u(0, 2).u(0, 1).u(1, 1).u(1, 1).u(0, 1).u(0, 2).u(255, 8).u(0, 12).u(0, 3)
    scaled = bits.u(639, 16).u(359, 16).bytes() + frames[1][9:]
    return [enhanced("vp09", VPCC, True, 0), enhanced("vp09", frames[0], True), enhanced("vp09", scaled),
            *enhanced_stream("vp09")]


def modified(count, size=3, longer=False):
    """A picture of Enhanced RTMP behind so many modifiers."""
    head_ = b"\xff" + struct.pack(">H", size - 1) if longer else bytes([size - 1])
    out = bytes([0x97])
    for at in range(count):
        out += head_ + bytes(size) + bytes([7 if at + 1 < count else 1])
    return VIDEO, out + b"avc1\0\0\0" + b"\0\0\0\1\x41"


def tracks(body):
    return VIDEO, bytes([0x96]) + body


# ---- sound

def opus(record, seconds=1):
    return [enhanced("Opus", record, packet=0, video=False)] + [
        enhanced("Opus", one, video=False) for one in ogg_packets("libopus", seconds)[1]]


def flac(record=None):
    own, packets = ogg_packets("flac")
    return [enhanced("fLaC", own if record is None else record, packet=0, video=False)] + [
        enhanced("fLaC", one, video=False) for one in packets]


def asc(*fields):
    """An AudioSpecificConfig as an AAC tag: pairs of value and width."""
    bits = Bits()
    for value, width in fields:
        bits.u(value, width)
    return AUDIO, b"\xaf\0" + bits.bytes()


def aac_as(config, **options):
    return [config, *aac(**options)[1:]]


def metadata():
    body = text("@setDataFrame") + text("onMetaData") + members(width=number(float("nan")), framerate=number(-1e300))
    return [(DATA, body)] * 3


def largest(stage):
    """Then another publisher with small pictures, so that the studio lets go of the large one that it holds."""
    came = plays(made(sps(4096, 2304, references=16), 1), 1)(stage)
    after = plays(h264(), 10)(stage)
    return came if after == PICTURE else after


CASES = [
    # 48
    picture(48, "video tags of 0 to 4 bytes", before(*[(VIDEO, b"\x17\1\0\0"[:size]) for size in range(5)])),
    picture(48, "sound tags of 0 to 4 bytes", before(*[(AUDIO, b"\xaf\1\0\0"[:size]) for size in range(5)])),
    picture(48, "Enhanced tags cut within their FourCC", before(*[(VIDEO, b"\x91avc"[:size]) for size in range(1, 5)],
                                                              *[(AUDIO, b"\x91Opu"[:size]) for size in range(1, 5)])),
    picture(48, "299 composition times cut short, then a picture", before(*[(VIDEO, b"\x27\1\0\0")] * (ERRORS_IN_ROW - 1))),
    refusal(48, "300 composition times cut short", [(VIDEO, b"\x27\1\0\0")] * ERRORS_IN_ROW,
            "its audio and video messages make no sense"),
    # 49
    picture(49, "an avcC without parameter sets, which come in band", in_band),
    picture(49, "an avcC that announces 31 SPS", lambda: [h264_config(BROKEN_SETS), *h264()[1:3], *h264()]),
    picture(49, "an SPS longer than its avcC", lambda: [h264_config(PAST_THE_END), *h264()[1:3], *h264()]),
    picture(49, "an empty avcC", lambda: [h264_config(b""), *h264()[1:3], *h264()]),
    picture(49, "lengths of one byte", lambda: with_lengths_of(1)),
    picture(49, "lengths of two bytes", lambda: with_lengths_of(2)),
    picture(49, "an avcC with lengths of three bytes", lambda: [
        h264_config(avcc([sps()], 3, pps_sets=[pps()])), *h264()[1:3], *h264()]),
    picture(49, "start codes where lengths were announced", annexb),
    picture(49, "NAL units longer than their tag", before(h264_config(avcc([sps()], pps_sets=[pps()])),
                                                          *[h264_picture(b"\0\0\xff\xff\x65" + bytes(20))] * 20)),
    picture(49, "empty NAL units between the others", lambda: [(kind, body[:5] + bytes(8) + body[5:] if body[1] else body)
                                                              for kind, body in h264()]),
    refusal(49, "300 pictures for a broken avcC", lambda: [h264_config(PAST_THE_END)] + [h264()[1]] * ERRORS_IN_ROW,
            "the picture cannot be decoded"),
    # 50
    refusal(50, "an SPS of 16384x16384, level 6.2, 16 reference frames", made(HUGE, 1), TOO_LARGE),
    refusal(50, "the same in band", lambda: in_band(HUGE), TOO_LARGE),
    refusal(50, "the same in band behind start codes", lambda: [
        h264_config(avcc([])), h264_picture(b"\0\0\0\1" + HUGE + b"\0\0\1" + pps() + b"\0\0\1" + slices(1)[0])], TOO_LARGE),
    refusal(50, "a picture one macroblock wider than the limit", made(sps(4112, 64), 1), TOO_LARGE),
    Case(50, "a picture as large as the limits, with 16 reference frames", lambda stage: largest(stage), PICTURE),
    refusal(50, "17 reference frames", made(sps(references=17), 1), "the video asks for more than 16 reference frames"),
    # 51
    picture(51, "16 sizes in 16 key frames", lambda: flips(16, False), 16),
    refusal(51, "another size with each key frame", lambda: flips(40, False), "its configuration changes too often"),
    refusal(51, "another size with each key frame, in band", lambda: flips(40, True),
            "its picture's size changes too often"),
    # 52
    picture(52, "4:4:4", lambda: h264(pixels="yuv444p")),
    picture(52, "4:2:2 of ten bits", lambda: h264(pixels="yuv422p10le")),
    picture(52, "4:2:0 of ten bits", lambda: h264(pixels="yuv420p10le")),
    picture(52, "grey", lambda: h264(pixels="gray")),
    picture(52, "interlaced, with fields and frames mixed per macroblock (MBAFF)", interlaced),
    picture(52, "field pictures (PAFF)", field_pictures, 3),
    picture(52, "slice groups (FMO), then a picture", lambda: [
        h264_config(avcc([sps()], pps_sets=[pps(slice_groups=8)])), *[h264_picture(lengths(slices(16)))] * 5, *h264()]),
    # 53
    picture(53, "a crop larger than the picture", lambda: made(sps(crop=(0, 64, 0, 0)), 2) + h264()),
    picture(53, "a crop of all but one column", lambda: made(sps(crop=(0, 31, 0, 0))), 3),
    picture(53, "a frame rate of 2^31 per second", lambda: made(sps(vui=timing(1, 2**32 - 1))), 3),
    picture(53, "a frame rate of 0 from 0", lambda: made(sps(vui=timing(0, 0))), 3),
    picture(53, "16 pictures held back for reordering", lambda: made(sps(references=16, vui=reordering(16)), 20), 20),
    picture(53, "17 pictures held back for reordering", lambda: made(sps(references=16, vui=reordering(17)), 3) + h264()),
    # 54
    sound(54, "a configuration with SBR", lambda: aac_as(asc((5, 5), (6, 4), (2, 4), (3, 4), (2, 5)), rate=24000), 0.9),
    sound(54, "a configuration with PS", lambda: aac_as(asc((29, 5), (6, 4), (1, 4), (3, 4), (2, 5)), rate=24000,
                                                       channels=1), 0.9),
    sound(54, "96 kHz", lambda: aac(96000), 0.9),
    sound(54, "7.1 channels", lambda: aac(channels=8, extra=("-b:a", "512k")), 0.9),
    sound(54, "a rate that is written out, then the index of one", lambda: [
        *aac_as(asc((2, 5), (15, 4), (48000, 24), (2, 4))), *aac()], 0.9),
    refusal(54, "an explicit rate of 16 MHz", lambda: aac_as(asc((2, 5), (15, 4), (16000000, 24), (2, 4))),
            "the sample rate is not within 4 and 96 kHz"),
    sound(54, "a reserved sampling index, then a right one", lambda: [asc((2, 5), (13, 4), (2, 4)), *aac()[1:4], *aac()], 0.9),
    sound(54, "channels described in the stream, which does not", lambda: [asc((2, 5), (3, 4), (0, 4)), *aac()[1:4], *aac()],
          0.9),
    sound(54, "other rates and channels in mid-stream", lambda: [*aac(), *aac(44100, 1), *aac(96000), *aac()], 3.6),
    # 55
    sound(55, "an Opus header cut short, then a whole one", lambda: opus(b"OpusHead\1\2") + opus(ogg_packets("libopus")[0]),
          0.9),
    sound(55, "no Opus header at all", lambda: opus(b""), 0.9),
    refusal(55, "an Opus header of 255 channels", lambda: opus(b"OpusHead\1\xff" + bytes(6) + b"\xff" + bytes(257)),
            "this many Opus channels are not supported"),
    sound(55, "FLAC's STREAMINFO cut short, then whole", lambda: flac(bytes(20)) + flac(), 0.9),
    sound(55, "FLAC's STREAMINFO with blocks of nothing, then whole", lambda: flac(bytes(34)) + flac(), 0.9),
    # 56
    *[picture(56, f"damaged {name} records, then a whole one", lambda fourcc=fourcc, name=name: mutated(
        RECORDS[fourcc], fourcc, 56)) for fourcc, name in (("hvc1", "hvcC"), ("av01", "av1C"), ("vp09", "vpcC"))],
    picture(56, "32 operating points", lambda: av1_behind(av1_sequence(32))),
    picture(56, "spatial layers that do not come", lambda: av1_behind(av1_sequence(2, 0x301))),
    picture(56, "film grain", grainy),
    refusal(56, "an AV1 sequence header of 65536x65536", lambda: av1_behind(av1_sequence(1, 0, 65536, 65536)), TOO_LARGE),
    picture(56, "513 AV1 units less one", lambda: [
        enhanced("av01", AV1C, True, 0), enhanced("av01", b"\x12\0" + b"\x7a\0" * 511, True), *enhanced_stream("av01")]),
    refusal(56, "513 AV1 units in one picture", lambda: [
        enhanced("av01", AV1C, True, 0), enhanced("av01", b"\x12\0" + b"\x7a\0" * 512, True)],
        "there are too many AV1 units at once"),
    refusal(56, "a VP9 key frame of 65536x65536", lambda: [
        enhanced("vp09", VPCC, True, 0), enhanced("vp09", vp9_frame(65536, 65536), True)], TOO_LARGE),
    picture(56, "VP9 pictures that refer to those of another size", vp9_scaled, 11),
    # 57
    picture(57, "eight modifiers, then nine", lambda: [h264()[0], modified(8), modified(9), *h264()]),
    picture(57, "a loop of 16,000 modifiers", before(modified(16000))),
    picture(57, "a modifier of 65,536 bytes", before(modified(1, 65536, True))),
    picture(57, "a modifier longer than its tag", before((VIDEO, b"\x97\xff\xff\xff\0\0"))),
    picture(57, "a track longer than its tag", before(tracks(b"\x11avc1\0\xff\xff\xff\x65"))),
    picture(57, "a track within tracks", before(tracks(b"\x16avc1\0\0\0\1\x65"), tracks(b"\x17avc1\0\0\0\1\x65"))),
    picture(57, "tracks of an unknown kind", before(tracks(b"\x31avc1\0\0\0\1\x65"))),
    picture(57, "17 tracks in a message", before(tracks(
        b"\x11avc1" + b"".join(bytes([track]) + b"\0\0\1x" for track in range(17))))),
    picture(57, "track 255 beside track 0", lambda: [
        *h264()[:1], tracks(b"\x21" + b"avc1\xff\0\0\4zzzz" + b"zzzz\xfe\0\0\1x"), *h264()]),
    refusal(57, "a FourCC that nobody knows", [(VIDEO, b"\x91zzzz\0")], "codec zzzz video is not supported"),
    # 58
    Case(58, "metadata, and nothing else for 30 seconds", None, REFUSED, "no audio or video came for 30 seconds", slow=True),
    sound(58, "sound only", lambda: aac(), 0.9),
    picture(58, "pictures only", lambda: h264()),
    picture(58, "sound, and pictures much later", lambda: aac(seconds=10) + h264()),
    sound(58, "pictures, and sound much later", lambda: h264(pictures=100) + aac(), 0.9),
    picture(58, "metadata of no sense", lambda: metadata() + h264()),
    # 59
    picture(59, "supplemental information of 3.9 MB", lambda: padded([b"\6" + b"\xff" * 3900000])),
    picture(59, "1,900 pieces of supplemental information", lambda: padded([b"\6\5\x10" + bytes(17)] * 1900)),
    picture(59, "a delimiter of 3.9 MB", lambda: padded([b"\x09" + bytes(3900000)])),
    picture(59, "filler data of 3.9 MB", lambda: padded([b"\x0c" + b"\xff" * 3900000])),
    picture(59, "1,000 slices in each picture", lambda: made(sps(640, 400), 3, 1000, count=1000), 3),
    refusal(59, "2,049 NAL units in one picture", lambda: padded([b"\x0c\xff"] * 2048),
            "a picture has more than 2048 NAL units"),
    picture(59, "noise in CABAC, a byte for each of its pixels", loud_pictures, 3),
    # 60
    picture(60, "H.264, then HEVC", lambda: h264() + enhanced_stream("hvc1"), 20),
    picture(60, "HEVC under number 12", lambda: [(VIDEO, b"\x1c\0\0\0\0" + HVCC)] + [
        (VIDEO, (b"\x2c" if at else b"\x1c") + b"\1\0\0\0" + one) for at, one in enumerate(pictures("hvc1"))]),
    picture(60, "H.264, HEVC, AV1, VP9, VP8 and H.264 again", lambda: [
        *h264(), *[tag for fourcc in RECORDS for tag in enhanced_stream(fourcc)], *h264()], 60),
    picture(60, "another codec's pictures under the same record", lambda: [
        *h264()[:3], *enhanced_stream("hvc1")[1:4], *h264()]),
]


def silence(stage):
    """Metadata and nothing else, until the daemon is tired of it."""
    with socket.create_connection(("127.0.0.1", stage.daemon.rtmp_port), 45, (stage.source(), 0)) as encoder:
        encoder.sendall(setup() + control(1, CHUNK) + b"".join(wrapped(*tag, 0) for tag in metadata()))
        heard = b""
        while got := encoder.recv(4096):
            heard += got
        return REFUSED if b"no audio or video came" in heard else "closed"


CASES = [case if case.send else case._replace(send=silence) for case in CASES]


if __name__ == "__main__":
    cases.main(CASES, None, lambda stage: push(stage, h264()))
