#!/usr/bin/env python3
"""Cases 68 to 72: SRT's handshake, bad lines, broken MPEG-TS, callers that fight or fall silent."""
import json
import os
import random
import signal
import subprocess
import time
from contextlib import ExitStack, contextmanager

import cases
from cases import CLOSED, HELD, REFUSED, TAKEN, Case
from harness import TOP, require, wait_for
from srt_wire import (CONCLUSION, FLAGS, GROUP, INDUCTION, KMREQ, KMRSP, WAVE, Caller, block, clock_at, control,
                      handshake, hsreq, make_ts, packets, pid, retable, sid)

IMPAIR = TOP / "build" / "tests" / "tools" / "impair"
IGNORED = "unanswered"
PASSPHRASE = "a long passphrase"
CHANNELS = cases.CHANNELS + """
  fig:
    keys: ["fig-key"]
    srt: {passphrase: "%s"}
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
""" % PASSPHRASE
SEND_LIMIT_S = 40                        # of sending the same thing again and again
SAMPLE = {}                              # made once: "file", "data"


# ---- 68: handshakes

def caller(stage, limit=10):
    return Caller(stage.daemon.srt_port, stage.source(), limit)


def still_takes(stage, outcome):
    """`outcome`, if an honest caller is taken after it."""
    with caller(stage) as honest:
        require(honest.publish("papaya-key") < 0, f"{outcome}, but then an honest caller is not taken")
    return outcome


def concludes(blocks, extensions=5, **more):
    """A case of one conclusion: taken, refused with its code, or not answered at all."""
    def send(stage):
        with caller(stage) as stranger:
            code = stranger.conclude(blocks, extensions, **more)
        return still_takes(stage, IGNORED if code is None else TAKEN if code < 0 else f"{REFUSED} with {code}")
    return send


def inductions(stage):
    for _ in range(40):
        with caller(stage) as stranger:
            for number in range(50):
                stranger.send(handshake(4, INDUCTION, number=number))
    return still_takes(stage, IGNORED)


def spoofed_cookies(stage):
    with caller(stage, 1) as stranger:
        for number in range(2000):
            stranger.send(handshake(5, CONCLUSION, number * 7919, extensions=5, number=number,
                                    blocks=hsreq() + sid("papaya-key")))
        heard = stranger.hear()
        require(not heard or heard[0] != CONCLUSION, "a spoofed cookie was taken")
    return still_takes(stage, IGNORED)


def right_cookies(stage):
    """What somebody does who can be reached: an address's share of guesses, then a thousand more."""
    with caller(stage) as stranger:
        cookie = stranger.cookie()
        for number in range(1000):
            stranger.send(handshake(5, CONCLUSION, cookie, extensions=5, number=number,
                                    blocks=hsreq() + sid(f"guess-{number}")))
        heard = wait_for("an answer", lambda: next((one for one in [stranger.hear()] if one and one[0] != INDUCTION), None))
        code = heard[0] - 1000
    return still_takes(stage, f"{REFUSED} with {code}")


def right_key_after_guesses(stage):
    source = stage.source()
    codes = []
    for number in range(11):
        with Caller(stage.daemon.srt_port, source) as stranger:
            codes.append(stranger.publish("papaya-key" if number == 10 else f"guess-{number}"))
    require(len(set(codes)) == 1, f"answers differ: {codes}")
    return still_takes(stage, f"{REFUSED} with {codes[0]}")


def rendezvous(stage):
    with caller(stage, 1) as stranger:
        stranger.send(handshake(5, WAVE, 0x55aa55aa, extensions=0x4a17))
        heard = stranger.hear()
    return still_takes(stage, REFUSED if heard else IGNORED)


def key_message(kind, size):
    """A caller that publishes sends an over-long message about keys."""
    def send(stage):
        with caller(stage) as stranger:
            require(stranger.publish("papaya-key") < 0, "it was not taken")
            for _ in range(20):
                stranger.send(control(0x7fff, kind, 0, stranger.peer, b"\x12\x20\x29" + b"\xaa" * (size - 3)))
            stranger.media(SAMPLE["data"][:200000])
        return still_takes(stage, TAKEN)
    return send


# A caller of libsrt's own that says why it was refused.
LIBSRT = """
import ctypes, socket, struct, sys
srt = ctypes.CDLL("libsrt-gnutls.so.1.5")
srt.srt_startup()
srt.srt_setloglevel(0)
caller = srt.srt_create_socket()
srt.srt_setsockflag(caller, 36, struct.pack("=i", 10000), 4)                        # SRTO_CONNTIMEO, ms
for option, text in ((46, sys.argv[2].encode()), (26, sys.argv[3].encode())):       # SRTO_STREAMID, SRTO_PASSPHRASE
    if text:
        srt.srt_setsockflag(caller, option, text, len(text))
to = struct.pack("=H", socket.AF_INET) + struct.pack(">H", int(sys.argv[1])) + socket.inet_aton("127.0.0.1") + bytes(8)
print(0 if srt.srt_connect(caller, to, len(to)) == 0 else srt.srt_getrejectreason(caller))
"""


def passphrase(key, words):
    def send(stage):
        done = subprocess.run(["python3", "-c", LIBSRT, str(stage.daemon.srt_port), key, words], capture_output=True,
                              text=True, timeout=30)
        code = int(done.stdout)
        return still_takes(stage, f"{REFUSED} with {code}" if code else TAKEN)
    return send


# ---- 69: bad lines

@contextmanager
def line(stage, *options):
    process = subprocess.Popen([IMPAIR, "--seed", "1", *options, "udp", str(stage.daemon.srt_port)], text=True,
                               stdout=subprocess.PIPE)
    try:
        yield int(process.stdout.readline().split()[1]), process
    finally:
        process.terminate()
        process.wait()


@contextmanager
def ffmpeg(stage, port=None, latency_ms=1000, more=""):
    process = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-v", "error", "-re", "-stream_loop", "-1", "-i", SAMPLE["file"], "-c", "copy", "-f", "mpegts",
         f"srt://127.0.0.1:{port or stage.daemon.srt_port}?streamid={stage.channel}-key&latency={latency_ms * 1000}{more}"], stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield process
    finally:
        process.terminate()                  # it says goodbye, if the line lets it
        try:
            process.wait(5)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def publisher(stage):
    return stage.status(stage.channel).get("publisher") or {}


def frames(stage, count, limit=30):
    wait_for(f"{count} pictures", lambda: publisher(stage).get("frames", 0) >= count, limit)


def over(*options, latency_ms=1000, whole=True, more="", pictures=120):
    """Publishes over such a line; `whole`: no picture and no sound may be missing."""
    def send(stage):
        with line(stage, *options) as (port, process):
            with ffmpeg(stage, port, latency_ms, more):
                frames(stage, pictures, 40)
                shown = publisher(stage)
            require(not whole or shown["errors"] == 0, f"{shown['errors']} units are damaged: {shown['srt']}")
            process.terminate()
            counts = json.loads(process.stdout.read())["forth"]
        spoilt = sum(counts[name] for name in ("lost", "duplicated", "reordered", "overrun"))
        require(spoilt or "--jitter" in options or "--mtu" in options, f"the line did nothing: {counts}")
        return TAKEN
    return send


def too_big(stage):
    with line(stage, "--mtu", "1200") as (port, _), ffmpeg(stage, port):
        wait_for("the caller to be taken", lambda: publisher(stage))
        wait_for("SRT's statistics", lambda: publisher(stage).get("srt"))
        require(publisher(stage).get("frames", 0) == 0, "pictures came through")
        return HELD


def blackout(stage):
    with line(stage, "--blackout", "6:10") as (port, _), ffmpeg(stage, port):
        frames(stage, 30)
        wait_for("the publisher to be lost", lambda: not publisher(stage), 30)
        require(stage.status(stage.channel)["state"] in ("stalled", "slate"), "it goes on")
    return CLOSED


# ---- 70: MPEG-TS

def sends(change, pictures=30, mbps=1.5):
    """Sends what `change` makes of the sample's packets, again and again if need be: until so many pictures are decoded,
    or, for no pictures, until it is closed."""
    def send(stage):
        made = change(packets(SAMPLE["data"]))
        data = made if isinstance(made, bytes) else b"".join(made)
        with caller(stage) as stranger:
            require(stranger.publish(f"{stage.channel}-key") < 0, "it was not taken")
            until = time.monotonic() + SEND_LIMIT_S

            def closed():
                return f"{stranger.source}: closed: ended from inside" in stage.daemon.text()

            def enough():
                return closed() or (pictures and publisher(stage).get("frames", 0) >= pictures)
            stranger.media(data, mbps, closed)
            while not enough() and time.monotonic() < until:
                stranger.media(data, mbps, enough)
            require(enough(), f"after {SEND_LIMIT_S} s it is not closed, and the status says {publisher(stage)}")
            return CLOSED if closed() else TAKEN
    return send


def junk(_):
    return bytes(byte & 0x3f for byte in random.Random(1).randbytes(1100 * 1024))


def table_of(index):
    """Whether a packet is the association table (0) or the map (1)."""
    return lambda packet: pid(packet) == (0, 0x1000)[index]


def misaligned(ts):
    data = b"".join(ts)
    return b"GG" + data[:40000] + data[40100:90000] + b"x" + data[90000:]


def holes(ts):
    return [packet for number, packet in enumerate(ts) if number % 97 != 50]


def churn(ts):
    out, version = [], 0
    for packet in ts:
        if table_of(1)(packet):
            for _ in range(8):
                version += 1
                out.append(retable(packet, lambda section: section[:5] + bytes([0xc1 | version % 32 << 1]) + section[6:]))
                out[-1] = out[-1][:3] + bytes([0x10 | version % 16]) + out[-1][4:]
        else:
            out.append(packet)
    return out


def others(ts):
    """A new kind of picture with each table."""
    out, version = [], 0
    for packet in ts * 2:
        if table_of(1)(packet):
            version += 1
            kinds = bytes([0x24 if version % 2 else 0x1b])
            at = packet.index(b"\x1b\xe1\x00") - 5 - packet[4]
            packet = retable(packet, lambda section: section[:5] + bytes([0xc1 | version % 32 << 1]) + section[6:at] + kinds +
                             section[at + 1:])
        out.append(packet)
    return out


def all_pids(ts):
    out = []
    for number, packet in enumerate(ts):
        out.append(packet)
        for i in range(6):
            other = 0x20 + (number * 6 + i) % 8000
            if other not in (0x100, 0x101, 0x1000):
                out.append(bytes([0x47, 0x40 | other >> 8, other & 0xff, 0x10, 0, 0, 1, 0xe0]) + bytes(180))
    return out


def without_clock(ts):
    return [packet[:5] + bytes([packet[5] & 0xef]) + packet[6:] if clock_at(packet) else packet for packet in ts]


def clock_jumps(ts):
    return [packet[:6] + random.Random(number).randbytes(4) + packet[10:] if clock_at(packet) else packet
            for number, packet in enumerate(ts)]


def lying_lengths(ts):
    out = []
    for number, packet in enumerate(ts):
        at = packet.find(b"\0\0\1\xc0") if packet[1] & 0x40 and number % 5 == 0 else -1
        out.append(packet[:at + 4] + b"\xff\xf0" + packet[at + 6:] if at >= 0 else packet)
    return out


def scrambled(ts):
    return [packet if pid(packet) in (0, 0x11, 0x1000) else packet[:3] + bytes([packet[3] | 0x80]) + packet[4:]
            for packet in ts * 4]


def bad_checks(ts):
    """Tables whose CRC is wrong, after two that are right."""
    return [packet if number < 20 or not (table_of(0)(packet) or table_of(1)(packet)) else
            packet[:12] + b"\xff" + packet[13:] for number, packet in enumerate(ts)]


def only_bad_checks(ts):
    return [packet[:12] + b"\xff" + packet[13:] if table_of(0)(packet) or table_of(1)(packet) else packet for packet in ts] * 6


# ---- 71, 72: callers

def ping_pong(stage):
    sources, logged = [stage.source(), stage.source()], len(stage.daemon.text())

    def fought():
        return "Encoders keep replacing each other" in stage.daemon.text()[logged:]
    for number in range(12):
        with Caller(stage.daemon.srt_port, sources[number % 2]) as one, \
                Caller(stage.daemon.srt_port, sources[1 - number % 2]) as other:
            for caller_ in (one, other):
                require(caller_.publish("papaya-key") < 0, "it was not taken")
                wait_for("it to publish", lambda who=caller_: fought() or publisher(stage).get("address") == who.source)
                if fought():
                    return CLOSED
        wait_for("both to be gone", lambda: not publisher(stage))
    return TAKEN


def falls_silent(stage):
    with caller(stage) as stranger:
        require(stranger.publish("papaya-key") < 0, "it was not taken")
        stranger.media(SAMPLE["data"][:200000], 2)
        wait_for("it to publish", lambda: publisher(stage))
        stranger.socket.close()
        stranger.peer = None
        wait_for("it to be lost", lambda: not publisher(stage), 20)
    return CLOSED


def killed(stage):
    with ffmpeg(stage) as process:
        frames(stage, 10)
        os.kill(process.pid, signal.SIGKILL)
        wait_for("it to be lost", lambda: not publisher(stage), 20)
    return CLOSED


def known(text):
    return hsreq() + sid(text)


def prepare(stage):
    """What libsrt allocates once: the answers to many strangers, and media from several callers at a time."""
    path = stage.folder / "sample.ts"
    SAMPLE.update(file=str(path), data=make_ts(path, 4))
    with ExitStack() as stack:
        for channel in cases.LANES:
            stack.enter_context(ffmpeg(stage.on(channel)))
        for channel in cases.LANES:
            frames(stage.on(channel), 30)
        right_cookies(stage)
        sends(junk, 0, 20)(stage)
    for channel in cases.LANES:
        wait_for("the first callers to be gone", lambda one=stage.on(channel): not publisher(one))
        stage.daemon.segments("big", 1, channel=channel)


LONGEST = "#!::x=" + "k" * 493 + ",s=papaya-key"
CASES = [
    Case(68, "2,000 inductions", inductions, IGNORED),
    Case(68, "2,000 conclusions with spoofed cookies", spoofed_cookies, IGNORED),
    Case(68, "1,000 conclusions with a right cookie and wrong keys", right_cookies, f"{REFUSED} with 1401",
         "no channel has that key"),
    Case(68, "a right key after ten wrong ones", right_key_after_guesses, f"{REFUSED} with 1401"),
    Case(68, "a conclusion with other flags than extensions", concludes(known("papaya-key"), 0x4a17), f"{REFUSED} with 11"),
    Case(68, "a conclusion of version 4, as before 1.3", concludes(b"", 2), f"{REFUSED} with 1400"),
    Case(68, "a caller of version 1.3.0", concludes(hsreq(0x010300) + sid("papaya-key")), TAKEN),
    Case(68, "a caller of version 1.2.9", concludes(hsreq(0x010209) + sid("papaya-key")), f"{REFUSED} with 4"),
    Case(68, "an extension that is longer than its packet", concludes(hsreq() + block(5, b"abcd", 0xffff)), f"{REFUSED} with 1400"),
    Case(68, "an extension without contents", concludes(hsreq() + block(5, b"")), f"{REFUSED} with 0"),
    Case(68, "a key message of 1,300 bytes in a handshake", concludes(hsreq() + block(KMREQ, b"\x12\x20\x29" + bytes(1297)) +
                                                                 sid("papaya-key"), 7, encryption=2), f"{REFUSED} with 11"),
    Case(68, "key messages of 1,400 bytes from a publisher", key_message(KMREQ, 1400), TAKEN),
    Case(68, "key answers of 1,400 bytes from a publisher", key_message(KMRSP, 1400), TAKEN),
    Case(68, "a key answer that nobody asked for", key_message(KMRSP, 4), TAKEN),
    Case(68, "a member of a group", concludes(hsreq(flags=FLAGS | 0x100) + block(GROUP, b"\x40\0\0\1\1\0\0\1") +
                                              sid("papaya-key")), TAKEN),
    Case(68, "a streamid of 512 bytes", concludes(known(LONGEST)), TAKEN),
    Case(68, "a streamid of 516 bytes", concludes(known("kkkk" + LONGEST)), f"{REFUSED} with 0"),
    Case(68, "a key of 257 bytes", concludes(known("k" * 257)), f"{REFUSED} with 1400"),
    Case(68, "a streamid with a NUL", concludes(known(b"papaya-key\0#!::m=request")), TAKEN),
    Case(68, "a streamid that is no UTF-8", concludes(known(b"papaya\xff\xfekey")), f"{REFUSED} with 1400"),
    Case(68, "line breaks and a format string as streamid", concludes(known(b"a\r\nFAKE %s%n\x1b[2J")),
         f"{REFUSED} with 1400"),
    Case(68, "a nested streamid", concludes(known("#!:{r=papaya}")), f"{REFUSED} with 1400"),
    Case(68, "a streamid that asks to play", concludes(known("#!::r=papaya,m=request,s=papaya-key")), f"{REFUSED} with 1405"),
    Case(68, "no streamid", concludes(hsreq(), 1), f"{REFUSED} with 1400"),
    Case(68, "a wrong passphrase", passphrase("fig-key", "another passphrase"), f"{REFUSED} with 10"),
    Case(68, "no passphrase where there must be one", passphrase("fig-key", ""), f"{REFUSED} with 11"),
    Case(68, "a passphrase where there is none", passphrase("papaya-key", PASSPHRASE), f"{REFUSED} with 11"),
    Case(68, "a rendezvous", rendezvous, IGNORED),
    Case(69, "a line that loses 5 %", over("--loss", "5"), TAKEN, together=True),
    Case(69, "a line that loses 20 %", over("--loss", "20"), TAKEN, together=True),
    Case(69, "a line that loses 50 %", over("--loss", "50", whole=False, pictures=20), TAKEN, together=True),
    Case(69, "a line with 10 to 300 ms of jitter", over("--jitter", "10:300"), TAKEN, together=True),
    Case(69, "a line that reorders 20 % and doubles 10 %", over("--reorder", "20", "--duplicate", "10"), TAKEN, together=True),
    Case(69, "a line with half the rate that is needed", over("--rate", "350", whole=False, pictures=5), TAKEN, together=True),
    Case(69, "packets of 1,388 bytes over a line with an MTU of 1,200", too_big, HELD, together=True),
    Case(69, "packets of 1,200 bytes over such a line", over("--mtu", "1200", more="&pkt_size=1128&payload_size=1128"), TAKEN, together=True),
    Case(69, "ten seconds of blackout", blackout, CLOSED, together=True),
    Case(70, "1 MiB of random bytes", sends(junk, 0, 12), CLOSED, "what it sends is not MPEG-TS", together=True),
    Case(70, "packets that do not begin where they should", sends(misaligned), TAKEN, together=True),
    Case(70, "a packet in a hundred is missing", sends(holes), TAKEN, together=True),
    Case(70, "eight versions of a table at a time, all alike", sends(churn), TAKEN, together=True),
    Case(70, "other codecs in each table", sends(others, 0, 3), CLOSED, "its program changes too often", together=True),
    Case(70, "8,000 PIDs", sends(all_pids, mbps=12), TAKEN, together=True),
    Case(70, "no clock reference", sends(without_clock), TAKEN, together=True),
    Case(70, "clock references that jump and wrap", sends(clock_jumps), TAKEN, together=True),
    Case(70, "lengths of sound that lie", sends(lying_lengths), TAKEN, together=True),
    Case(70, "scrambled packets", sends(scrambled, 0, 12), CLOSED, "it is scrambled", together=True),
    Case(70, "tables with a wrong checksum after right ones", sends(bad_checks), TAKEN, together=True),
    Case(70, "only tables with a wrong checksum", sends(only_bad_checks, 0, 12), CLOSED, "without a program", together=True),
    Case(71, "two callers with one streamid who replace each other", ping_pong, CLOSED, "Encoders keep replacing each other"),
    Case(72, "a publisher that falls silent", falls_silent, CLOSED),
    Case(72, "a publisher that is killed", killed, CLOSED),
]


if __name__ == "__main__":
    cases.main(CASES, prepare=prepare, channels=CHANNELS)
