#!/usr/bin/env python3
"""Cases 1 to 47: connections, RTMP's chunks and its commands."""
import struct
import sys

import cases
from cases import CLOSED, REFUSED, TAKEN, Case
from harness import require, wait_for
from rtmp_connections import CONNECTIONS, speak_tls
from rtmp_sending import dial, live, outcome, publisher, timed
from rtmp_wire import (AGGREGATE, AUDIO, C2, CHUNK, COMMAND, DATA, HELLO, VIDEO, Push, command, connect,
                       control, head, members, message, number, rest, setup, text,
                       user_control, write_tags)


# ---- 27 to 35: messages of somebody who publishes

def pending_bodies(push):
    """Three pictures of 4 MB, none of them whole."""
    return b"".join(head(csid, VIDEO, 4 << 20, 1) + bytes(CHUNK) for csid in (20, 21, 22))


def part(kind, time, body, size=None):
    return bytes([kind]) + (len(body) if size is None else size).to_bytes(3, "big") + \
        (time & 0xffffff).to_bytes(3, "big") + bytes([time >> 24]) + bytes(3) + body + struct.pack(">I", 11 + len(body))


def aggregates(tags, start):
    """Ten tags to a message."""
    return b"".join(message(AGGREGATE, b"".join(part(tag.kind, tag.time, tag.body) for tag in tags[at:at + 10]), 6, 1, CHUNK,
                            start + tags[at].time) for at in range(0, len(tags), 10))


def aggregate(body):
    return message(AGGREGATE, body, 6, 1, CHUNK, 1000)


def without_repeating(tags, start):
    return write_tags(tags, start, repeat_time=False)


def by_deltas(tags, start):
    """Each chunk stream with one full header, then type 1 headers, of which the first steps by more than 0xffffff."""
    out, last = b"", {}
    for tag in tags:
        csid = {AUDIO: 4, VIDEO: 6, DATA: 5}[tag.kind]
        if csid not in last:
            last[csid] = 0
            out += message(DATA, text("nothing"), csid, 1, CHUNK, 0)
        delta = start + tag.time - last[csid]
        last[csid] = start + tag.time
        again = struct.pack(">I", delta) if delta >= 0xffffff else b""
        out += bytes([0x40 | csid]) + min(delta, 0xffffff).to_bytes(3, "big") + len(tag.body).to_bytes(3, "big") + \
            bytes([tag.kind]) + again + tag.body[:CHUNK]
        for at in range(CHUNK, len(tag.body), CHUNK):
            out += bytes([0xc0 | csid]) + again + tag.body[at:at + CHUNK]
    return out


def step_back(tags, start):
    """A delta with its sign bit set: 20 ms back, in front of the first picture."""
    back = message(DATA, text("nothing"), 6, 1, CHUNK, start + 20) + b"\x46" + b"\xff\xff\xff" + \
        len(text("nothing")).to_bytes(3, "big") + bytes([DATA]) + struct.pack(">i", -20) + text("nothing")
    return back + write_tags(tags, start)


def read_along(flood):
    """Sends a flood, reading what comes back."""
    def odd(push):
        for at in range(0, len(flood), 16384):
            push.send(flood[at:at + 16384])
            push.drain()
        return b""
    return odd


def flooded_setup(flood):
    """A flood before connect, reading what comes back."""
    def send(stage):
        with dial(stage) as stranger:
            stranger.sendall(HELLO + C2)
            heard = b""
            for at in range(0, len(flood), 4096):
                stranger.sendall(flood[at:at + 4096])
                stranger.setblocking(False)
                try:
                    heard += stranger.recv(65536)
                except BlockingIOError:
                    pass
                stranger.settimeout(10)
            stranger.sendall(rest())
            try:
                while b"NetStream.Publish.Start" not in heard[-5000:]:
                    got = stranger.recv(65536)
                    if not got:
                        return CLOSED
                    heard += got
            except ConnectionResetError:
                return CLOSED
        return TAKEN
    return send


ZERO = b"".join(message(kind, b"", 7, 1) for kind in (0, 7, AUDIO, VIDEO, 10, 11, 12, 13, 14, 15, 16, DATA, 19, 21, AGGREGATE, 255))


# ---- 38 to 47: values and commands

def metadata(**values):
    return message(DATA, text("@setDataFrame") + text("onMetaData") + members(**values), 5, 1, CHUNK)


def array_of(value, count):
    return b"\x0a" + struct.pack(">I", count) + value * count


def lying_ecma_array(count):
    return b"\x08" + struct.pack(">I", count) + members(app=text("live"))[1:]


NASTY = b"../../etc/passwd\r\nFAKE: line %s%n\x1b[2J\xff\xfe"


def nasty_names(key, app="live", encoder=b"fine"):
    """What came of it; nothing of it may stand in the log as it is, nor as a file's name."""
    def send(stage):
        came = outcome(stage, setup(key, message(COMMAND, text("connect") + number(1) +
                                                 members(app=text(app), flashVer=text(encoder)), csid=3)))
        log = (stage.daemon.folder / "log").read_bytes()
        require(b"\x1b" not in log and b"\xff" not in log, "control bytes reached the log")
        require(not any(line.startswith(b"FAKE") for line in log.splitlines()), "a line of the log is a stranger's")
        found = [path for path in stage.daemon.folder.rglob("*") if "passwd" in path.name or "\n" in path.name]
        require(not found, f"a stranger named {found}")
        require(b"\x1b" not in str(stage.status("papaya")).encode(), "control bytes reached the status")
        return came
    return send


def nasty_encoder(stage):
    """It publishes, and the status shows its name escaped."""
    with Push(stage.daemon.rtmp_port, stage.source(), before=setup(connected=connect(flashVer=text(NASTY)))):
        shown = wait_for("it to publish", lambda: publisher(stage).get("encoder"))
        require(all(" " <= letter <= "~" for letter in shown) and "FAKE" in shown, f"the status shows {shown!r}")
    return nasty_names("papaya-key", encoder=NASTY)(stage)


LONG = text("connect") + number(1) + members(app=text("live"), tcUrl=text("rtmp://" + "h" * 200))
FIRST, SECOND = LONG[:128], LONG[128:]
AFTER = rest(connected=b"")


CASES = CONNECTIONS + [
    Case(16, "a chunk size of 0", HELLO + C2 + control(1, 0), CLOSED),
    Case(17, "a negative chunk size", HELLO + C2 + control(1, 0x80000001), CLOSED),
    Case(18, "the largest chunk size", HELLO + C2 + control(1, 0x7fffffff) + setup()[len(HELLO) + 1536:], TAKEN),
    Case(19, "chunks of one byte", HELLO + C2 + control(1, 1) + message(20, LONG, chunk=1) +
     message(1, struct.pack(">I", 128), csid=2, chunk=1) + AFTER, TAKEN),
    Case(20, "another chunk size within a message", HELLO + C2 + head(3, 20, len(LONG)) + FIRST + control(1, 4096) + b"\xc3" +
     SECOND + control(1, 128) + AFTER, TAKEN),
    Case(21, "a longer type 1 header within a message", HELLO + C2 + head(3, 20, 200) + bytes(128) +
     b"\x43" + bytes(3) + b"\x00\x40\x00\x14", CLOSED),
    Case(22, "a type 0 header within a message", HELLO + C2 + (head(3, 20, 200) + bytes(128)) * 2, CLOSED),
    Case(23, "a type 2 header on a fresh chunk stream", HELLO + C2 + b"\x83" + bytes(3), CLOSED),
    Case(23, "a type 3 header on a fresh chunk stream", HELLO + C2 + b"\xc3", CLOSED),
    Case(24, "seventeen chunk streams", HELLO + C2 + b"".join(head(csid, 20, 200) + bytes(128) for csid in range(3, 20)),
     CLOSED),
    Case(25, "a chunk stream id of two bytes", HELLO + C2 + b"\x00\x24" + head(3, 20, len(LONG))[1:] + FIRST + b"\xc0\x24" +
     SECOND + AFTER, TAKEN),
    Case(26, "a message of 16 MB before publish", HELLO + C2 + head(3, 20, 0xffffff), CLOSED),
    Case(29, "an Abort for a chunk stream that is not there", HELLO + C2 + control(2, 77) + rest(), TAKEN),
    Case(29, "an Abort of half a message", HELLO + C2 + head(3, 20, 200) + bytes(128) + control(2, 3) + rest(), TAKEN),
    Case(31, "messages of types that mean nothing", HELLO + C2 + b"".join(message(kind, b"") for kind in (7, 10, 11, 12, 13,
                                                                                                 14, 19, 21, 255)) + rest(), TAKEN),
    Case(33, "three messages at once", HELLO + C2 + head(5, 20, 150) + bytes(128) + head(6, 20, 150) + bytes(128) +
     head(3, 20, len(LONG)) + FIRST + b"\xc3" + SECOND + AFTER, TAKEN),
    Case(34, "5,000 acknowledgements", HELLO + C2 + control(3, 1) * 5000 + rest(), TAKEN),
    Case(35, "video before publish", HELLO + C2 + connect() + message(9, b"\x17\x00\x00\x00\x00", stream=1), CLOSED),
    Case(35, "publish twice with another key", setup() + command("publish", 4, text("mango-key"), text("live"), stream=1), TAKEN),
    Case(36, "objects 5,000 deep", HELLO + C2 + message(20, (text("connect") + number(1) + b"\x03\x00\x01a" * 5000)[:16000]),
     CLOSED),
    Case(37, "a strict array of 2^32 - 1", HELLO + C2 + message(20, text("connect") + number(1) + b"\x0a\xff\xff\xff\xff"),
     CLOSED),
    Case(40, "a string past the end", HELLO + C2 + message(20, b"\x02\xff\xffconnect"), CLOSED),
    Case(40, "a long string of 4 GB", HELLO + C2 + message(20, b"\x0c\xff\xff\xff\xffconnect"), CLOSED),
    Case(42, "commands of type 17", HELLO + C2 + message(17, b"\x00" + LONG) + AFTER, TAKEN),
    Case(43, "a transaction that is text", HELLO + C2 + message(20, text("connect") + text("one") + members(app=text("live"))) +
     AFTER, TAKEN),
    Case(45, "line breaks and a format string as encoder", setup(connected=connect(flashVer=text(b"a\r\nFAKE %s%n\x1b[2J\xff"))),
     TAKEN),
    Case(46, "connect without app and tcUrl", setup(connected=message(20, text("connect") + number(1) + members())), TAKEN),
    Case(46, "a tcUrl of 17 KB", HELLO + C2 + message(20, text("connect") + number(1) + members(tcUrl=text("x" * 17000))),
     CLOSED),
    Case(47, "a thousand commands before publish", HELLO + C2 + connect() + command("_checkbw", 9) * 1000, CLOSED),
    Case(27, "three unfinished pictures of 4 MB",
         live(pending_bodies, False), CLOSED, "the unfinished messages together are too long"),
    Case(28, "an empty message of each type that may be empty", live(ZERO), TAKEN),
    Case(28, "an empty SetChunkSize",
         live(message(1, b"", 2), False), CLOSED, "a control message is too short"),
    Case(28, "an empty Abort", live(message(2, b"", 2), False), CLOSED, "a control message is too short"),
    Case(28, "an empty window size",
         live(message(5, b"", 2), False), CLOSED, "a control message is too short"),
    Case(28, "empty acknowledgement, user control and bandwidth messages",
         live(message(3, b"", 2) + message(4, b"", 2) + message(6, b"", 2)), TAKEN),
    Case(28, "an empty command", live(message(COMMAND, b""), False), CLOSED, "a command is not valid AMF0"),
    Case(30, "media in aggregates", timed(aggregates, 0), TAKEN),
    Case(30, "an aggregate in an aggregate",
         live(aggregate(part(AGGREGATE, 0, part(VIDEO, 0, b"\x27\x01"))), False), CLOSED, "an aggregate's parts do not fit into it"),
    Case(30, "an aggregate whose part is longer than itself",
         live(aggregate(part(VIDEO, 0, b"\x27\x01", 0xffffff)), False), CLOSED, "an aggregate's parts do not fit into it"),
    Case(30, "an aggregate that ends within a part's header",
         live(aggregate(b"\x09\x00\x00"), False), CLOSED, "an aggregate's parts do not fit into it"),
    Case(32, "an extended timestamp, repeated in each chunk", timed(write_tags, 0x1000000), TAKEN),
    Case(32, "an extended timestamp that further chunks omit", timed(without_repeating, 0x1000000), TAKEN),
    Case(32, "a timestamp of exactly 0xffffff", timed(write_tags, 0xffffff), TAKEN),
    Case(32, "timestamps that reach 0xffffff in mid-stream", timed(write_tags, 0xffffff - 500), TAKEN),
    Case(32, "timestamps that reach 2^32 in mid-stream", timed(write_tags, 0xffffffff - 500), TAKEN),
    Case(32, "a delta of more than 0xffffff", timed(by_deltas, 0x1000010), TAKEN),
    Case(32, "a delta of -20 ms", timed(step_back, 5000), TAKEN),
    Case(34, "5,000 pings before connect", flooded_setup(user_control(6, 1) * 5000), TAKEN),
    Case(34, "5,000 pings after publish", live(read_along(user_control(6, 1) * 5000)), TAKEN),
    Case(34, "5,000 acknowledgements and bandwidth messages after publish",
         live(read_along((control(3, 1) + message(6, bytes(5), 2)) * 5000)), TAKEN),
    Case(35, "media on a message stream that was never created", live(b"", stream=77), TAKEN),
    Case(35, "publish once more while publishing",
         live(command("publish", 5, text("mango-key"), text("live"), stream=1), False), CLOSED, "a second publish on one connection"),
    Case(38, "an array of 16 million nulls",
         HELLO + C2 + head(3, COMMAND, 0xffffff - 1) + text("connect") + number(1) + b"\x0a\x01\x00\x00\x00" + b"\x05" * 90, CLOSED, "a message is longer than its type may be"),
    Case(38, "an array of 16,000 nulls",
         HELLO + C2 + message(COMMAND, text("connect") + number(1) + array_of(b"\x05", 16000)), CLOSED, "a command is not valid AMF0"),
    Case(38, "an array of 60,000 nulls as metadata",
         live(message(DATA, text("@setDataFrame") + text("onMetaData") + array_of(b"\x05", 60000), 5, 1, CHUNK)), TAKEN),
    Case(39, "an ECMA array of one member that says 2^32 - 1",
         setup(connected=message(COMMAND, text("connect") + number(1) + lying_ecma_array(0xffffffff))), TAKEN),
    Case(39, "an ECMA array of one member that says 0",
         setup(connected=message(COMMAND, text("connect") + number(1) + lying_ecma_array(0))), TAKEN),
    Case(41, "an object without an end marker",
         HELLO + C2 + message(COMMAND, text("connect") + number(1) + members(app=text("live"))[:-3]), CLOSED, "a command is not valid AMF0"),
    Case(41, "metadata without an end marker",
         live(metadata(width=number(320))[:-3] + b"\x00\x00\x05"), TAKEN),
    Case(42, "a command with a value of AMF3",
         HELLO + C2 + message(17, b"\x00" + text("connect") + number(1) + b"\x11\x0a\x0b\x01\x01"), CLOSED, "a command is not valid AMF0"),
    Case(42, "data of type 15 and shared objects of types 16 and 19",
         live(message(15, b"\x00" + text("onMetaData") + members(width=number(320)), 5, 1) + message(16, b"\x00junk", 5, 1) + message(19, b"junk", 5, 1)), TAKEN),
    Case(43, "a transaction that is an object",
         HELLO + C2 + message(COMMAND, text("connect") + members(a=number(1)) + members(app=text("live"))) + AFTER, TAKEN),
    Case(44, "NaN, infinite and negative sizes and rates in metadata",
         live(metadata(width=number(float("nan")), height=number(-1), framerate=number(float("inf")), videocodecid=number(-1e300), duration=number(float("-inf")))), TAKEN),
    Case(45, "../, line breaks, format strings and no UTF-8 as encoder", nasty_encoder, TAKEN),
    Case(45, "../, line breaks and format strings as key",
         nasty_names(NASTY[:-6]), REFUSED, "The stream key holds characters"),
    Case(45, "no UTF-8 as key", nasty_names(b"papaya\xff\xfe"), REFUSED, "The stream key holds characters"),
    Case(45, "a NUL in the key", nasty_names(b"papaya-key\x00x"), CLOSED, "holds a NUL"),
    Case(45, "../ as key", nasty_names("../../../etc/passwd"), REFUSED),
    Case(45, "line breaks and format strings as app",
         nasty_names("", NASTY[:-6]), REFUSED, "The stream key holds characters"),
    Case(45, "a NUL in the app", nasty_names("papaya-key", b"live\x00x"), CLOSED, "holds a NUL"),
    Case(47, "a thousand commands at once while publishing",
         live(read_along(command("_checkbw", 9) * 1000)), TAKEN),
]


def publish_once(stage):
    """Whatever a process makes with its first connection is there from now on."""
    for channel in cases.LANES if "--slow" in sys.argv else cases.LANES[:1]:
        outcome(stage, setup(f"{channel}-key"))
    speak_tls(None)(stage)


if __name__ == "__main__":
    cases.main(CASES, outcome, publish_once)
