#!/usr/bin/env python3
"""Cases 1 to 47: connections, RTMP's chunks and its commands."""
import os
import signal
import socket
import ssl
import struct
import subprocess
import sys
import time
import warnings
from contextlib import ExitStack

import cases
from cases import CLOSED, HELD, REFUSED, TAKEN, Case
from harness import Failure, Publisher, require, wait_for
from rtmp_wire import (AGGREGATE, AUDIO, C2, CHUNK, COMMAND, DATA, HELLO, VIDEO, Push, command, connect, control, head, media,
                       members, message, number, pictures, rest, setup, text, user_control, write_tags)

PER_ADDRESS = 16                         # VT_GATE_PER_ADDRESS
SETUP_S, TLS_S, IDLE_S = 10, 5, 30       # deadlines: to publish, of a TLS handshake, without audio or video
SLACK_S = 4                              # a deadline may be late on a busy machine


# ---- how they are sent

def outcome(stage, data):
    """What comes of a connection that sends `data`: closed by the daemon, refused, or told that it publishes."""
    with dial(stage) as stranger:
        heard = b""
        try:
            for segment in data if isinstance(data, list) else [data]:
                stranger.sendall(segment)
            while b"NetStream.Publish.Start" not in heard:
                got = stranger.recv(4096)
                if not got:
                    return REFUSED if b"NetStream.Publish.BadName" in heard else CLOSED
                heard += got
        except (ConnectionResetError, BrokenPipeError):
            return CLOSED
        except TimeoutError:
            return HELD
    return TAKEN


def dial(stage, port=None, source=None):
    stranger = socket.create_connection(("127.0.0.1", port or stage.daemon.rtmp_port), 15, (source or stage.source(), 0))
    stranger.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stranger


def hung_up(stranger, limit):
    """Whether the daemon ends the connection within so many seconds; what it says before is read."""
    until = time.monotonic() + limit
    try:
        while (left := until - time.monotonic()) > 0:
            stranger.settimeout(left)
            if not stranger.recv(65536):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def ends_in(stranger, limit):
    return CLOSED if hung_up(stranger, limit + SLACK_S) else HELD


def publisher(stage):
    return stage.status(stage.channel).get("publisher") or {}


def frames(stage):
    now = publisher(stage)
    return now.get("frames", 0) + now.get("dropped", 0)


def live(odd, tags_after=True, **how):
    """A publisher sends a second of media, the odd thing, and (unless tags_after is False) another second: published is
    what decoded all of it without an error."""
    def send(stage):
        tags = media()
        with Push(stage.daemon.rtmp_port, stage.source()) as push:
            push.send(write_tags(tags, **how))
            push.send(odd(push) if callable(odd) else odd)
            if not tags_after:
                return CLOSED if push.listen() else HELD
            push.send(write_tags(tags, 1000, **how))
            return decoded(stage, push, 2 * pictures(tags))
    return send


def decoded(stage, push, expected):
    """Published, if so many pictures come out of the connection and nothing was wrong with them. (They are sent faster than
    they are shown: one may find the ring full.)"""
    now = {}

    def ready():
        push.drain()
        now.update(publisher(stage))
        return push.closed or now.get("frames", 0) + now.get("dropped", 0) >= expected
    try:
        wait_for(f"{expected} pictures", ready)
    except Failure:
        raise Failure(f"not all of {expected} pictures: {now}") from None
    if push.closed:
        return CLOSED
    require(now["errors"] == 0 and now["frames"] + now["dropped"] == expected, f"{now}")
    return TAKEN


def timed(write, start, seconds=1):
    """Media whose times begin at `start`, written in a way of its own."""
    def send(stage):
        tags = media(seconds)
        with Push(stage.daemon.rtmp_port, stage.source()) as push:
            push.send(write(tags, start))
            return decoded(stage, push, pictures(tags))
    return send


# ---- 2 to 15: the connection

def stop_half_way(stage):
    with dial(stage) as stranger:
        stranger.sendall(HELLO[:700])
        stranger.shutdown(socket.SHUT_WR)
        return ends_in(stranger, 1)


def drip(stage):
    began = time.monotonic()
    with dial(stage) as stranger:
        for one in HELLO:
            try:
                stranger.sendall(bytes([one]))
            except OSError:
                break
            if hung_up(stranger, 0.5):
                break
    took = time.monotonic() - began
    require(took > SETUP_S - 1, f"closed after {took:.1f} s")
    return CLOSED if took < SETUP_S + SLACK_S else HELD


def say_nothing_more(data):
    def send(stage):
        with dial(stage) as stranger:
            stranger.sendall(data)
            return ends_in(stranger, SETUP_S)
    return send


def stay(connections):
    """So many connections from 200 addresses that never finish their handshake; meanwhile somebody publishes."""
    def send(stage):
        addresses = [stage.source() for _ in range(200)]
        with ExitStack() as stack:
            opened = 0
            for at in range(connections):
                try:
                    stranger = stack.enter_context(dial(stage, source=addresses[at % len(addresses)]))
                    stranger.sendall(HELLO[:1 + at % 1500])
                    opened += 1
                except OSError:
                    pass                     # closed for being one too many
            require(opened > connections // 2, f"only {opened} connections came about")
            began = time.monotonic()
            with Push(stage.daemon.rtmp_port, stage.source()) as push:
                push.send(write_tags(media()))
                came = decoded(stage, push, pictures(media()))
                took = time.monotonic() - began
            require(took < 3 + SLACK_S, f"on air after {took:.1f} s")
            return came
    return send


def too_many_of_one_address(stage):
    source = stage.source()
    with ExitStack() as stack:
        first = [stack.enter_context(dial(stage, source=source)) for _ in range(PER_ADDRESS)]
        require(hung_up(stack.enter_context(dial(stage, source=source)), 2), "one more was let in")
        require(not any(hung_up(one, 0.01) for one in first), "one of the first was closed")
        return outcome(stage, setup())


def pipelined(stage):
    """Everything in one segment, media too."""
    with dial(stage) as stranger:
        stranger.sendall(setup() + control(1, CHUNK) + write_tags(media()))
        wait_for("all of its pictures", lambda: frames(stage) >= pictures(media()))
    return TAKEN


def reset(data):
    """Hangs up with an RST."""
    def send(stage):
        with dial(stage) as stranger:
            stranger.sendall(data)
            if data:
                wait_for("it to publish", lambda: publisher(stage))
            stranger.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        wait_for("it to be gone", lambda: not publisher(stage))
        return CLOSED
    return send


def never_read(stage):
    """A publisher that reads nothing of what its pings and commands call for."""
    flood = user_control(6, 7) * 500 + command("_checkbw", 9) * 500
    with Push(stage.daemon.rtmp_port, stage.source()) as push:
        push.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        push.send(write_tags(media()))
        for _ in range(50):
            push.send(flood)
        push.send(write_tags(media(), 1000))
        push.drain = lambda: None
        return decoded(stage, push, 2 * pictures(media()))


def cable_pulled(stage):
    """A publisher falls silent without a goodbye, as behind a pulled cable; it comes back from another address."""
    with Push(stage.daemon.rtmp_port, stage.source()) as push:
        push.send(write_tags(media()))
        return outcome(stage, setup())


def silent_for_long(stage):
    with Push(stage.daemon.rtmp_port, stage.source(), f"{stage.channel}-key") as push:
        push.send(write_tags(media()))
        return ends_in(push.socket, IDLE_S)


def stopped_encoder(seconds):
    """An encoder is stopped, and then sends all at once what has piled up."""
    def send(stage):
        with Publisher(stage.daemon, f"{stage.channel}-key", picture="testsrc2=size=320x180:rate=30") as encoder:
            name = wait_for("pictures", lambda: publisher(stage).get("frames", 0) > 10 and publisher(stage))["publisher"]
            encoder.process.send_signal(signal.SIGSTOP)
            try:
                wait_for("the slate", lambda: stage.daemon.state(stage.channel) == "slate")
                time.sleep(max(0, seconds - 2))
            finally:
                encoder.process.send_signal(signal.SIGCONT)
            wait_for("pictures again", lambda: stage.daemon.state(stage.channel) == "live")
            require(publisher(stage).get("publisher") == name, "it had to connect again")
        return TAKEN
    return send


# ---- 11: TLS

def tls(version=None, lowest=False):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if lowest:
        made.set_ciphers("ALL:@SECLEVEL=0")
    if version:
        with warnings.catch_warnings(action="ignore"):       # some of these versions are to be refused
            made.minimum_version = made.maximum_version = version
    return made


def speak_tls(version):
    def send(stage):
        try:
            with tls(version, True).wrap_socket(dial(stage, stage.rtmps_port)) as stranger:
                stranger.sendall(setup())
                heard = b""
                while b"NetStream.Publish.Start" not in heard:
                    heard += stranger.recv(4096) or b"NetStream.Publish.Start"
                return TAKEN if b"_result" in heard else CLOSED
        except (ssl.SSLError, ConnectionError):
            return CLOSED
    return send


def plain_to_tls(stage):
    with dial(stage, stage.rtmps_port) as stranger:
        stranger.sendall(HELLO)
        return ends_in(stranger, 1)


def slow_hello(stage):
    with dial(stage, stage.rtmps_port) as stranger:
        stranger.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03")
        return ends_in(stranger, TLS_S)


def renegotiate(stage):
    """TLS 1.2 and a client that wants to shake hands again."""
    client = subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{stage.rtmps_port}", "-tls1_2"],
                              stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    try:
        said = b""
        while b"Verify return code" not in said and b"---\nread R BLOCK" not in said:
            got = os.read(client.stdout.fileno(), 65536)
            if not got:
                break
            said += got
        client.stdin.write(b"R\n")
        client.stdin.flush()
        said, _ = client.communicate(timeout=SLACK_S + 1)
    finally:
        client.kill()
        client.wait()
    return CLOSED if b"no renegotiation" in said else said[-300:].decode(errors="replace")


def handshake_flood(stage):
    """300 handshakes from 100 addresses that stop half way, and an encoder that goes through."""
    with ExitStack() as stack:
        addresses = [stage.source() for _ in range(100)]
        for at in range(300):
            stack.enter_context(dial(stage, stage.rtmps_port, addresses[at % 100])).sendall(
                b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(at))
        return speak_tls(None)(stage)


def certificate_reload(stage):
    """The certificate changes while somebody publishes over TLS."""
    with tls().wrap_socket(dial(stage, stage.rtmps_port)) as stranger:
        stranger.sendall(setup())
        wait_for("it to publish", lambda: publisher(stage))
        old = stranger.getpeercert(True)
        stranger.sendall(control(1, CHUNK) + write_tags(media()))
        cases.make_certificate(stage.folder, "another")
        os.kill(stage.daemon.process.pid, signal.SIGHUP)

        def renewed():
            with tls().wrap_socket(dial(stage, stage.rtmps_port)) as other:
                return other.getpeercert(True) != old
        wait_for("the new certificate", renewed)
        stranger.sendall(write_tags(media(), 1000))
        wait_for("all of its pictures", lambda: frames(stage) >= 2 * pictures(media()))
    return TAKEN


# ---- 12: PROXY headers

NO_HEADER = "no PROXY header, from an address that must send one"
V1 = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\r\n"
V2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c\xc0\0\x02\x07\xc6\x33\x64\x01\x04\xd2\x07\x8f"


def behind_balancer(header):
    """From an address that is trusted to say whose connection it passes on."""
    def send(stage):
        with dial(stage, source="127.7.0.1") as balancer:
            try:
                balancer.sendall(header + setup())
                heard = b""
                while b"NetStream.Publish.Start" not in heard:
                    got = balancer.recv(4096)
                    if not got:
                        return CLOSED
                    heard += got
            except ConnectionResetError:
                return CLOSED
            shown = publisher(stage).get("address")
            require(shown == "192.0.2.7", f"its address is {shown}")
            return TAKEN
    return send


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
    Case(2, "C0 and half of C1, then the end", stop_half_way, CLOSED, "hung up"),
    Case(3, "C1 at a byte each half second", drip, CLOSED, "not publishing in time", slow=True, together=True),
    Case(4, "no C2", say_nothing_more(HELLO), CLOSED, "not publishing in time", slow=True, together=True),
    Case(7, "everything up to publish, and media, in one segment", pipelined, TAKEN),
    Case(8, "2,000 connections from 200 addresses that never finish their handshake", stay(2000), TAKEN),
    Case(8, "10,000 connections from 200 addresses that never finish their handshake",
         stay(10000), TAKEN, slow=True),
    Case(9, "17 connections of one address", too_many_of_one_address, TAKEN),
    Case(10, "an RST right after the connection", reset(b""), CLOSED),
    Case(10, "an RST after publish", reset(setup()), CLOSED),
    Case(11, "plain RTMP on the RTMPS port", plain_to_tls, CLOSED, "its TLS handshake failed"),
    Case(11, "a ClientHello that stops half way", slow_hello, CLOSED, "no TLS handshake in time", slow=True, together=True),
    Case(11, "TLS 1.0", speak_tls(ssl.TLSVersion.TLSv1), CLOSED, "its TLS handshake failed"),
    Case(11, "TLS 1.1", speak_tls(ssl.TLSVersion.TLSv1_1), CLOSED, "its TLS handshake failed"),
    Case(11, "TLS 1.2", speak_tls(ssl.TLSVersion.TLSv1_2), TAKEN),
    Case(11, "TLS 1.3", speak_tls(ssl.TLSVersion.TLSv1_3), TAKEN),
    Case(11, "renegotiation in TLS 1.2", renegotiate, CLOSED),
    Case(11, "300 TLS handshakes from 100 addresses that stop half way; then one that does not",
         handshake_flood, TAKEN),
    Case(11, "a new certificate in mid-stream", certificate_reload, TAKEN),
    Case(12, "a PROXY header, version 1, from a trusted balancer", behind_balancer(V1), TAKEN),
    Case(12, "a PROXY header, version 2, from a trusted balancer", behind_balancer(V2), TAKEN),
    Case(12, "no PROXY header from a trusted balancer", behind_balancer(b""), CLOSED, NO_HEADER),
    Case(12, "a PROXY header with a port of 65536", behind_balancer(V1.replace(b"56324", b"65536")), CLOSED, NO_HEADER),
    Case(12, "a PROXY header of 2,000 bytes in a line", behind_balancer(b"PROXY UNKNOWN " + b"x" * 2000), CLOSED, NO_HEADER),
    Case(12, "a PROXY header of version 2 that says 65,535 bytes", behind_balancer(V2[:14] + b"\xff\xff"), CLOSED, NO_HEADER),
    Case(12, "a PROXY header of version 2, shorter than its addresses", behind_balancer(V2[:15] + b"\x0b"), CLOSED, NO_HEADER),
    Case(12, "a PROXY header, version 1, from somebody else", V1 + setup(), CLOSED, "the first byte is not RTMP version 3"),
    Case(12, "a PROXY header, version 2, from somebody else", V2 + setup(), CLOSED, "the first byte is not RTMP version 3"),
    Case(13, "pings, and reads no answer, before publish", say_nothing_more(HELLO + C2 + user_control(6, 7) * 5000),
         CLOSED, "not publishing in time", slow=True, together=True),
    Case(13, "pings, commands and pictures, and reads no answer", never_read, TAKEN),
    Case(14, "silence without a goodbye (as a pulled cable), and the same key from elsewhere",
         cable_pulled, TAKEN),
    Case(14, "silence without a goodbye, for longer than 30 s",
         silent_for_long, CLOSED, "no audio or video came for 30 seconds", slow=True, together=True),
    Case(15, "SIGSTOP to the encoder for 4 s, then all at once", stopped_encoder(4), TAKEN),
    Case(15, "SIGSTOP to the encoder for 25 s, then all at once", stopped_encoder(25), TAKEN, slow=True, together=True),
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
