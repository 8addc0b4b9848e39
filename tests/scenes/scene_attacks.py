#!/usr/bin/env python3
"""What strangers may send: each case of the fault matrix against the real daemon, with an honest publisher beside it
that must lose nothing. `scene_attacks.py --table` prints the cases as docs/ingest-cases.md."""
import os
import socket
import struct
import sys

from harness import CHANNEL, TOP, Daemon, Publisher, main, require, wait_for

HELLO = b"\x03" + bytes(1536)
C2 = bytes(1536)
CLOSED, TAKEN = "closed", "published"


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return b"\x02" + struct.pack(">H", len(value)) + value


def number(value):
    return b"\x00" + struct.pack(">d", value)


def members(**values):
    return b"\x03" + b"".join(struct.pack(">H", len(name)) + name.encode() + value
                              for name, value in values.items()) + b"\x00\x00\x09"


def head(csid, kind, size, stream=0, time=0):
    return bytes([csid]) + struct.pack(">I", time)[1:] + struct.pack(">I", size)[1:] + bytes([kind]) + \
        struct.pack("<I", stream)


def message(kind, body, csid=3, stream=0, chunk=128):
    out = head(csid, kind, len(body), stream) + body[:chunk]
    for at in range(chunk, len(body), chunk):
        out += bytes([0xc0 | csid]) + body[at:at + chunk]
    return out


def connect(app="live", **more):
    return message(20, text("connect") + number(1) + members(app=text(app), **more))


def command(name, transaction, *arguments, stream=0):
    return message(20, text(name) + number(transaction) + b"\x05" + b"".join(arguments), stream=stream)


def setup(key="papaya-key", connected=None):
    return HELLO + C2 + (connect() if connected is None else connected) + command("createStream", 2) + \
        command("publish", 3, text(key), text("live"), stream=1)


def control(kind, value):
    return message(kind, struct.pack(">I", value), csid=2)


def rest(key="papaya-key", connected=None):
    """All of a publisher's set-up but its handshake."""
    return setup(key, connected)[len(HELLO) + len(C2):]


LONG = text("connect") + number(1) + members(app=text("live"), tcUrl=text("rtmp://" + "h" * 200))
FIRST, SECOND = LONG[:128], LONG[128:]
AFTER = rest(connected=b"")


# number in the matrix, what is sent, the bytes (or the segments), what must come of it
CASES = [
    (1, "C0 of RTMPE", b"\x06" + bytes(1536), CLOSED),
    (1, "HTTP on the RTMP port", b"GET / HTTP/1.1\r\n\r\n" + bytes(1536), CLOSED),
    (1, "TLS on the RTMP port", b"\x16\x03\x01" + bytes(1536), CLOSED),
    (1, "C0 of 0x80", b"\x80" + bytes(1536), CLOSED),
    (5, "a C2 that is no echo", HELLO + b"\xff" * 1536 + setup()[len(HELLO) + 1536:], TAKEN),
    (6, "C0 and C1 in 1,537 segments", [bytes([one]) for one in HELLO] + [C2 + rest()], TAKEN),
    (7, "everything up to publish in one segment", setup(), TAKEN),
    (16, "a chunk size of 0", HELLO + C2 + control(1, 0), CLOSED),
    (17, "a negative chunk size", HELLO + C2 + control(1, 0x80000001), CLOSED),
    (18, "the largest chunk size", HELLO + C2 + control(1, 0x7fffffff) + setup()[len(HELLO) + 1536:], TAKEN),
    (19, "chunks of one byte", HELLO + C2 + control(1, 1) + message(20, LONG, chunk=1) +
     message(1, struct.pack(">I", 128), csid=2, chunk=1) + AFTER, TAKEN),
    (20, "another chunk size within a message", HELLO + C2 + head(3, 20, len(LONG)) + FIRST + control(1, 4096) + b"\xc3" +
     SECOND + control(1, 128) + AFTER, TAKEN),
    (21, "a longer type 1 header within a message", HELLO + C2 + head(3, 20, 200) + bytes(128) +
     b"\x43" + bytes(3) + b"\x00\x40\x00\x14", CLOSED),
    (22, "a type 0 header within a message", HELLO + C2 + (head(3, 20, 200) + bytes(128)) * 2, CLOSED),
    (23, "a type 2 header on a fresh chunk stream", HELLO + C2 + b"\x83" + bytes(3), CLOSED),
    (23, "a type 3 header on a fresh chunk stream", HELLO + C2 + b"\xc3", CLOSED),
    (24, "seventeen chunk streams", HELLO + C2 + b"".join(head(csid, 20, 200) + bytes(128) for csid in range(3, 20)),
     CLOSED),
    (25, "a chunk stream id of two bytes", HELLO + C2 + b"\x00\x24" + head(3, 20, len(LONG))[1:] + FIRST + b"\xc0\x24" +
     SECOND + AFTER, TAKEN),
    (26, "a message of 16 MB before publish", HELLO + C2 + head(3, 20, 0xffffff), CLOSED),
    (29, "an Abort for a chunk stream that is not there", HELLO + C2 + control(2, 77) + rest(), TAKEN),
    (29, "an Abort of half a message", HELLO + C2 + head(3, 20, 200) + bytes(128) + control(2, 3) + rest(), TAKEN),
    (31, "messages of types that mean nothing", HELLO + C2 + b"".join(message(kind, b"") for kind in (7, 10, 11, 12, 13,
                                                                                                 14, 19, 21, 255)) + rest(), TAKEN),
    (33, "three messages at once", HELLO + C2 + head(5, 20, 150) + bytes(128) + head(6, 20, 150) + bytes(128) +
     head(3, 20, len(LONG)) + FIRST + b"\xc3" + SECOND + AFTER, TAKEN),
    (34, "5,000 acknowledgements", HELLO + C2 + control(3, 1) * 5000 + rest(), TAKEN),
    (35, "video before publish", HELLO + C2 + connect() + message(9, b"\x17\x00\x00\x00\x00", stream=1), CLOSED),
    (35, "publish twice with another key", setup() + command("publish", 4, text("mango-key"), text("live"), stream=1), TAKEN),
    (36, "objects 5,000 deep", HELLO + C2 + message(20, (text("connect") + number(1) + b"\x03\x00\x01a" * 5000)[:16000]),
     CLOSED),
    (37, "a strict array of 2^32 - 1", HELLO + C2 + message(20, text("connect") + number(1) + b"\x0a\xff\xff\xff\xff"),
     CLOSED),
    (40, "a string past the end", HELLO + C2 + message(20, b"\x02\xff\xffconnect"), CLOSED),
    (40, "a long string of 4 GB", HELLO + C2 + message(20, b"\x0c\xff\xff\xff\xffconnect"), CLOSED),
    (42, "commands of type 17", HELLO + C2 + message(17, b"\x00" + LONG) + AFTER, TAKEN),
    (43, "a transaction that is text", HELLO + C2 + message(20, text("connect") + text("one") + members(app=text("live"))) +
     AFTER, TAKEN),
    (45, "line breaks and a format string as encoder", setup(connected=connect(flashVer=text(b"a\r\nFAKE %s%n\x1b[2J\xff"))),
     TAKEN),
    (46, "connect without app and tcUrl", setup(connected=message(20, text("connect") + number(1) + members())), TAKEN),
    (46, "a tcUrl of 17 KB", HELLO + C2 + message(20, text("connect") + number(1) + members(tcUrl=text("x" * 17000))),
     CLOSED),
    (47, "a thousand commands before publish", HELLO + C2 + connect() + command("_checkbw", 9) * 1000, CLOSED),
]

CHANNELS = "".join((CHANNEL % (TOP / "samples/templates/product-card.yaml")).replace("mango", name)
                   for name in ("mango", "papaya"))


def outcome(daemon, data):
    """What comes of a connection that sends `data`: closed by the daemon, or told that it publishes."""
    with socket.create_connection(("127.0.0.1", daemon.rtmp_port), timeout=9) as stranger:
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
            return "held open"
    return TAKEN


def descriptors(daemon):
    return sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in
               (daemon.process.pid, daemon.child("vitrine gate rtmp"), daemon.child("vitrine origin")))


def memory(daemon):
    """Resident kilobytes of the gate and the supervisor."""
    total = 0
    for pid in (daemon.process.pid, daemon.child("vitrine gate rtmp")):
        with open(f"/proc/{pid}/status", encoding="ascii") as status:
            total += next(int(line.split()[1]) for line in status if line.startswith("VmRSS"))
    return total


def scene_each_case_costs_only_its_sender():
    with Daemon(channels=CHANNELS) as daemon, Publisher(daemon) as honest:
        daemon.segments("big", 2)
        gate = daemon.child("vitrine gate rtmp")
        studio, ingest = daemon.child("vitrine studio mango"), daemon.child("vitrine ingest mango")
        outcome(daemon, setup())
        wait_for("the first stranger to be gone", lambda: "vitrine ingest papaya" not in daemon.children(), 10)
        before, kilobytes = descriptors(daemon), memory(daemon)
        wrong = []
        for case, what, data, expected in CASES:
            came = outcome(daemon, data)
            if came != expected:
                wrong.append(f"{case}, {what}: {came}, not {expected}")
            wait_for("the stranger to be gone", lambda: "vitrine ingest papaya" not in daemon.children(), 10)
        require(not wrong, "; ".join(wrong))
        wait_for("descriptors to come back", lambda: descriptors(daemon) <= before, 10)
        require(memory(daemon) - kilobytes < 4096, f"{memory(daemon) - kilobytes} KB more")
        for title, pid in (("gate rtmp", gate), ("studio mango", studio), ("ingest mango", ingest)):
            require(daemon.child(f"vitrine {title}") == pid, f"{title} is another one")
        require(honest.process.poll() is None, "the honest publisher was lost")
        last = daemon.media("big").segments()[-1]["msn"]
        playlist = wait_for("segments to go on", lambda: next(
            (one for one in [daemon.media("big")] if one.segments()[-1]["msn"] > last), None))
        require("DISCONTINUITY" not in playlist.text and "EXT-X-GAP" not in playlist.text, playlist.text)
        status = daemon.api("GET", "/v1/channels/mango/status", expect=200)["publisher"]
        require(status["errors"] == 0 and status["dropped"] == 0, f"the honest publisher lost something: {status}")
        log = daemon.text()
        require("\x1b" not in log and not any(line.startswith("FAKE") for line in log.splitlines()), "the log was written to")


def table():
    rows = "".join(f"| {case} | {what} | {expected} |\n" for case, what, _, expected in CASES)
    return ("# What strangers may send\n\nEach row is sent to the real daemon by `tests/scenes/scene_attacks.py` (which "
            "prints this table with `--table`), while\nan honest publisher beside it must lose nothing, and the daemon's "
            "memory, descriptors and processes must come back.\nNumbers are those of the list of 76 cases that the ingest is "
            "held against; those that do not stand here are not run\nby this scene yet.\n\n| case | what is sent | outcome "
            "|\n|---|---|---|\n" + rows)


def scene_the_table_is_up_to_date():
    require((TOP / "docs" / "ingest-cases.md").read_text() == table(),
            "tests/scenes/scene_attacks.py --table > docs/ingest-cases.md")


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print(table(), end="")
    else:
        main()
