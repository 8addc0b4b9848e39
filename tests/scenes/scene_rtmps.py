#!/usr/bin/env python3
"""A streamer pushes over RTMPS: gate tls unwraps it, and whoever speaks something else there costs only himself."""
import os
import resource
import signal
import socket
import ssl
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from harness import VITRINE, Daemon, Failure, Publisher, Skip, free_ports, main, require, wait_for

TWO = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
  lime:
    keys: ["lime-key"]
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
"""
HANDSHAKES_PER_ADDRESS = 16          # as ingest/gate.h has it
CONNECTIONS = 4096                   # as ingest/tls_connection.h has it


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-keyout", folder / "key.pem", "-out",
                    folder / "certificate.pem"], check=True, capture_output=True)


@contextmanager
def daemon_with_tls(extra=""):
    """(daemon, port of RTMPS, folder of its certificate)."""
    with tempfile.TemporaryDirectory() as name:
        folder, (port,) = Path(name), free_ports(1)
        make_certificate(folder, "first")
        daemon = Daemon(channels=TWO, extra=extra)
        text = daemon.config.read_text().replace("listen: {", f'listen: {{rtmps: "127.0.0.1:{port}", ')
        daemon.config.write_text(f"tls: {{certificate: {folder}/certificate.pem, key: {folder}/key.pem}}\n{text}")
        with daemon:
            yield daemon, port, folder


class TlsPublisher(Publisher):
    """ffmpeg over rtmps://; it checks no certificate unless it is told to."""

    def __init__(self, daemon, port, key="mango-key"):
        class There:
            def server(self):
                return f"rtmps://127.0.0.1:{port}/live"
        super().__init__(There(), key, picture="testsrc2=size=320x180:rate=30")


def context(version=None):
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname, made.verify_mode = False, ssl.CERT_NONE
    if version:
        made.set_ciphers("ALL:@SECLEVEL=0")
        made.minimum_version = made.maximum_version = version
    return made


def connect(port, version=None):
    return context(version).wrap_socket(socket.create_connection(("127.0.0.1", port), 10))


def name_of(connection):
    certificate = connection.getpeercert(True)
    return "second" if b"second" in certificate else "first" if b"first" in certificate else None


def publisher_of(daemon, channel="mango"):
    return daemon.api("GET", f"/v1/channels/{channel}/status", expect=200).get("publisher")


def hung_up(connection, limit=30):
    """Whether the other side ends the connection."""
    connection.settimeout(limit)
    try:
        while connection.recv(4096):
            pass
    except (ConnectionError, ssl.SSLError):
        return True
    except socket.timeout:
        return False
    return True


def frames(daemon, channel):
    publisher = publisher_of(daemon, channel)
    return publisher.get("frames", 0) if publisher else 0


def scene_publishes_over_tls():
    with daemon_with_tls() as (daemon, port, _), TlsPublisher(daemon, port) as publisher:
        daemon.segments("big", 3)
        shown = publisher_of(daemon)
        require(shown["protocol"] == "rtmps", f"the status says {shown['protocol']}")
        require(shown["address"] == "127.0.0.1", f"its address is {shown['address']}")
        publisher.stop()
        wait_for("the publisher to be gone", lambda: not publisher_of(daemon))
        with TlsPublisher(daemon, port, "no-such-key") as stranger:
            require(stranger.process.wait(20) != 0, "a wrong key was let in")


def scene_others_cost_only_themselves():
    with daemon_with_tls() as (daemon, port, _), TlsPublisher(daemon, port), ExitStack() as stack:
        daemon.segments("big", 2)
        plain = stack.enter_context(socket.create_connection(("127.0.0.1", port)))
        plain.sendall(b"\x03" + bytes(1536))
        require(hung_up(plain), "plain RTMP on the TLS port stayed connected")
        try:
            connect(port, ssl.TLSVersion.TLSv1_1).close()
            raise Failure("TLS 1.1 was taken")
        except (ssl.SSLError, ConnectionError):
            pass
        for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
            with connect(port, version) as connection:
                require(connection.version() in ("TLSv1.2", "TLSv1.3"), f"it speaks {connection.version()}")
        slow = [stack.enter_context(socket.create_connection(("127.0.0.1", port)))
                for _ in range(HANDSHAKES_PER_ADDRESS + 8)]
        for one in slow[:HANDSHAKES_PER_ADDRESS]:
            one.sendall(b"\x16\x03\x01\x02")
        require(hung_up(slow[-1], 3), "there are more handshakes of one address than there may be")
        before = frames(daemon, "mango")
        require(all(hung_up(one) for one in slow), "a slow handshake was kept")
        wait_for("the publisher's frames to go on", lambda: frames(daemon, "mango") > before + 30)
        dropped = publisher_of(daemon)["dropped"]
        require(dropped == 0, f"{dropped} frames were dropped")
        with TlsPublisher(daemon, port, "lime-key"):
            wait_for("another publisher to get in", lambda: publisher_of(daemon, "lime"))


def scene_past_its_connections_a_handshake_makes_room():
    """As many as gate tls may have, one of which publishes; then one more, which is not the one that goes."""
    files = resource.getrlimit(resource.RLIMIT_NOFILE)
    if files[1] < CONNECTIONS + 200:
        raise Skip(f"only {files[1]} descriptors are allowed here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (files[1], files[1]))
    made = f"limits: {{connections: {CONNECTIONS}, per_address: {CONNECTIONS}, setup: 60s}}\n"
    with daemon_with_tls(made) as (daemon, port, _), TlsPublisher(daemon, port), ExitStack() as stack:
        wait_for("the publisher", lambda: frames(daemon, "mango") > 10)
        crowd = [stack.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(CONNECTIONS - 1)]
        with connect(port) as one_more:
            require(name_of(one_more) == "first", "one more got no certificate")
            require(hung_up(crowd[0]), "the oldest handshake did not make room")
        wait_for("the reason", lambda: "made room for a newer connection" in daemon.text())
        before = frames(daemon, "mango")
        wait_for("the publisher's frames to go on", lambda: frames(daemon, "mango") > before + 30)


def scene_a_new_certificate_drops_nobody():
    with daemon_with_tls() as (daemon, port, folder), TlsPublisher(daemon, port):
        daemon.segments("big", 2)
        first = publisher_of(daemon)["publisher"]
        with connect(port) as connection:
            require(name_of(connection) == "first", "the first certificate is not there")
        (folder / "key.pem").write_text("not a key\n")
        os.kill(daemon.process.pid, signal.SIGHUP)
        wait_for("a complaint", lambda: "cannot be used" in daemon.text())
        with connect(port) as connection:
            require(name_of(connection) == "first", "a bad key has replaced a good one")
        make_certificate(folder, "second")
        os.kill(daemon.process.pid, signal.SIGHUP)

        def renewed():
            with connect(port) as connection:
                return name_of(connection) == "second"
        wait_for("the new certificate", renewed)
        before = frames(daemon, "mango")
        wait_for("the publisher's frames to go on", lambda: frames(daemon, "mango") > before + 30)
        require(publisher_of(daemon)["publisher"] == first, "the publisher was dropped")


def scene_gate_tls_dies():
    with daemon_with_tls() as (daemon, port, _), Publisher(daemon, "lime-key"):
        with TlsPublisher(daemon, port):
            daemon.segments("big", 2)
            gate = daemon.child("vitrine gate tls")
            os.kill(gate, signal.SIGKILL)
            daemon.child("vitrine gate tls", other_than=gate)
            wait_for("the lost publisher to be noticed", lambda: not publisher_of(daemon))
        lime = publisher_of(daemon, "lime")["publisher"]
        with TlsPublisher(daemon, port):
            wait_for("the publisher to be back", lambda: daemon.state() == "live" and publisher_of(daemon))
        require(publisher_of(daemon, "lime")["publisher"] == lime, "the other channel's publisher was lost")
        require("#EXT-X-DISCONTINUITY\n" not in daemon.media("big").text, "there is a discontinuity")


def scene_refuses_to_start_with_a_bad_certificate():
    with tempfile.TemporaryDirectory() as name:
        folder, ports = Path(name), free_ports(4)
        make_certificate(folder, "first")
        (folder / "key.pem").write_text("not a key\n")
        (folder / "vitrine.yaml").write_text(
            f'listen: {{rtmps: "127.0.0.1:{ports[0]}", rtmp: "127.0.0.1:{ports[1]}", http: "127.0.0.1:{ports[2]}", '
            f'admin: "127.0.0.1:{ports[3]}", srt: none}}\ntls: {{certificate: certificate.pem, key: key.pem}}\n'
            f"data: {folder}/var\n")
        done = subprocess.run([VITRINE, "serve", "--config", folder / "vitrine.yaml"], cwd=folder, timeout=20,
                              capture_output=True, text=True)
        require(done.returncode == 1, f"it ended with {done.returncode}")
        require("holds no private key" in done.stderr, f"it said {done.stderr}")


if __name__ == "__main__":
    main()
