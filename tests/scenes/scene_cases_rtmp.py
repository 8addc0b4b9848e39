#!/usr/bin/env python3
"""Cases 1 to 47: connections, RTMP's chunks and its commands."""
import socket
import struct

import cases
from cases import CLOSED, HELD, TAKEN, Case
from rtmp_wire import C2, HELLO, command, connect, control, head, members, message, number, rest, setup, text

LONG = text("connect") + number(1) + members(app=text("live"), tcUrl=text("rtmp://" + "h" * 200))
FIRST, SECOND = LONG[:128], LONG[128:]
AFTER = rest(connected=b"")


CASES = [
    Case(1, "C0 of RTMPE", b"\x06" + bytes(1536), CLOSED),
    Case(1, "HTTP on the RTMP port", b"GET / HTTP/1.1\r\n\r\n" + bytes(1536), CLOSED),
    Case(1, "TLS on the RTMP port", b"\x16\x03\x01" + bytes(1536), CLOSED),
    Case(1, "C0 of 0x80", b"\x80" + bytes(1536), CLOSED),
    Case(5, "a C2 that is no echo", HELLO + b"\xff" * 1536 + setup()[len(HELLO) + 1536:], TAKEN),
    Case(6, "C0 and C1 in 1,537 segments", [bytes([one]) for one in HELLO] + [C2 + rest()], TAKEN),
    Case(7, "everything up to publish in one segment", setup(), TAKEN),
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
]


def outcome(stage, data):
    """What comes of a connection that sends `data`: closed by the daemon, or told that it publishes."""
    with socket.create_connection(("127.0.0.1", stage.daemon.rtmp_port), 12, (stage.source(), 0)) as stranger:
        heard = b""
        try:
            stranger.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for segment in data if isinstance(data, list) else [data]:
                stranger.sendall(segment)
            while b"NetStream.Publish.Start" not in heard:
                got = stranger.recv(4096)
                if not got:
                    return CLOSED
                heard += got
        except (ConnectionResetError, BrokenPipeError):
            return CLOSED
        except TimeoutError:
            return HELD
    return TAKEN


def publish_once(stage):
    outcome(stage, setup())


if __name__ == "__main__":
    cases.main(CASES, outcome, publish_once)
