"""Cases 1 to 15: connections, TLS and PROXY headers."""
import os
import signal
import socket
import ssl
import struct
import subprocess
import threading
import time
import warnings
from contextlib import ExitStack
from typing import NamedTuple

import cases
from cases import CLOSED, HELD, TAKEN, Case
from harness import TOP, Publisher, require, wait_for
from rtmp_sending import SLACK_S, decoded, dial, ends_in, frames, hung_up, outcome, publisher
from rtmp_wire import (C2, CHUNK, HELLO, Push, command, control, media, pictures, rest, setup,
                       user_control, write_tags)

IMPAIR = TOP / "build" / "tests" / "tools" / "impair"
PER_ADDRESS = 16                         # VT_GATE_PER_ADDRESS
SETUP_S, TLS_S, IDLE_S = 10, 5, 30       # deadlines: to publish, of a TLS handshake, without audio or video


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


class Crowd:
    """Connections from 200 addresses that never finish their handshake; each that is closed comes again, up to a
    thousand a second."""
    PIECE, PIECE_S = 50, 0.05

    def __init__(self, stage, connections):
        self.stage, self.connections, self.opened, self.over = stage, connections, 0, threading.Event()
        self.addresses = [stage.source() for _ in range(200)]
        self.there = {}
        self.thread = threading.Thread(target=self.renew, daemon=True)

    def __enter__(self):
        for at in range(self.connections):
            self.dial(at)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.over.set()
        self.thread.join()
        for one in self.there.values():
            one.close()

    def dial(self, at):
        try:
            self.there[at] = dial(self.stage, source=self.addresses[at % len(self.addresses)])
            self.there[at].sendall(HELLO[:1 + at % 1500])
            self.there[at].setblocking(False)
            self.opened += 1
        except OSError:
            pass                         # closed for being one too many

    def renew(self):
        at = 0
        while not self.over.wait(self.PIECE_S):
            for at in range(at, at + self.PIECE):
                at %= self.connections
                if is_closed(self.there.get(at)):
                    if at in self.there:
                        self.there.pop(at).close()
                    self.dial(at)


def is_closed(connection):
    try:
        return connection is None or not connection.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True


def stay(connections):
    """A crowd that stays; meanwhile somebody publishes, again and again."""
    def send(stage):
        with Crowd(stage, connections) as crowd:
            require(crowd.opened > connections // 2, f"only {crowd.opened} connections came about")
            for _ in range(3):
                began, before = time.monotonic(), crowd.opened
                with Push(stage.daemon.rtmp_port, stage.source()) as push:
                    push.send(write_tags(media()))
                    came = decoded(stage, push, pictures(media()))
                    took = time.monotonic() - began
                require(took < 3 + SLACK_S, f"on air after {took:.1f} s")
                if came != TAKEN:
                    break
                wait_for("it to be gone", lambda: not publisher(stage))
                wait_for("more of the crowd", lambda seen=before: crowd.opened > seen)
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


def over_a_line(*options, least=120):
    """An encoder behind a line that is like this: TCP loses nothing, so nothing may be missing, however late it comes."""
    def send(stage):
        line = subprocess.Popen([IMPAIR, "--seed", "1", *options, "tcp", str(stage.daemon.rtmp_port)], text=True,
                                stdout=subprocess.PIPE)
        try:
            there = Behind(int(line.stdout.readline().split()[1]))
            with Publisher(there, f"{stage.channel}-key", picture="testsrc2=size=320x180:rate=30") as encoder:
                wait_for(f"{least} pictures", lambda: publisher(stage).get("frames", 0) >= least, 60)
                shown = publisher(stage)
                require(encoder.process.poll() is None, encoder.text())
            require(shown["errors"] == 0, f"{shown['errors']} units are damaged")
        finally:
            line.terminate()
            line.wait()
            line.stdout.close()
        return TAKEN
    return send


class Behind(NamedTuple):
    """A daemon as it is seen through such a line."""
    port: int

    def server(self):
        return f"rtmp://127.0.0.1:{self.port}/live"


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
        said, _ = client.communicate(timeout=20)
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


CONNECTIONS = [
    Case(1, "C0 of RTMPE", b"\x06" + bytes(1536), CLOSED),
    Case(1, "HTTP on the RTMP port", b"GET / HTTP/1.1\r\n\r\n" + bytes(1536), CLOSED),
    Case(1, "TLS on the RTMP port", b"\x16\x03\x01" + bytes(1536), CLOSED),
    Case(1, "C0 of 0x80", b"\x80" + bytes(1536), CLOSED),
    Case(5, "a C2 that is no echo", HELLO + b"\xff" * 1536 + setup()[len(HELLO) + 1536:], TAKEN),
    Case(6, "C0 and C1 in 1,537 segments", [bytes([one]) for one in HELLO] + [C2 + rest()], TAKEN),
    Case(7, "everything up to publish in one segment", setup(), TAKEN),
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
    Case(69, "a line that loses 20 %", over_a_line("--loss", "20"), TAKEN, slow=True, together=True),
    Case(69, "a line with 10 to 300 ms of jitter", over_a_line("--jitter", "10:300"), TAKEN, slow=True, together=True),
    Case(69, "a line that stands still for four seconds", over_a_line("--blackout", "2:4"), TAKEN, slow=True, together=True),
    Case(69, "a line with half the rate that is needed", over_a_line("--rate", "300", "--queue", "5000", least=30), TAKEN,
         slow=True, together=True),
]
