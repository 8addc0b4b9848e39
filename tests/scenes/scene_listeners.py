#!/usr/bin/env python3
"""Several listeners of each kind, over IPv4 and IPv6, and balancers in front of them that say whose connections they pass
on."""
import socket
import ssl
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

import cases
from harness import Daemon, Skip, free_ports, http, main, require, wait_for
from rtmp_wire import CHUNK, Push, control, media, setup, write_tags

CHANNEL = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
"""


@contextmanager
def daemon_with(listen, extra=""):
    """(daemon, ports); `listen` writes the section from the ports."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        cases.make_certificate(folder)
        daemon = Daemon(channels=CHANNEL, extra=extra)
        ports = free_ports(6)
        lines = daemon.config.read_text().split("\n", 1)
        daemon.config.write_text(f"tls: {{certificate: {folder}/certificate.pem, key: {folder}/key.pem}}\n"
                                 f"{listen(daemon, ports)}\n{lines[1]}")
        with daemon:
            yield daemon, ports


def publisher(daemon):
    return daemon.api("GET", "/v1/channels/mango/status", expect=200).get("publisher") or {}


def gone(daemon):
    wait_for("the publisher to be gone", lambda: not publisher(daemon))


def push_with_ffmpeg(daemon, url, address, *options):
    """Publishes until the daemon says so, with that address."""
    process = subprocess.Popen(["ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i",
                                "testsrc2=size=320x180:rate=30", "-f", "lavfi", "-i", "sine", "-c:v", "libx264", "-preset",
                                "ultrafast", "-g", "30", "-pix_fmt", "yuv420p", "-c:a", "aac", *options, url],
                               stdin=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        shown = wait_for(f"pictures from {url}", lambda: publisher(daemon).get("frames", 0) > 5 and publisher(daemon), 20)
        require(shown["address"] == address, f"{url}: its address is {shown['address']}")
    finally:
        process.terminate()
        process.wait()
    gone(daemon)


def scene_two_of_each_kind():
    try:
        with socket.socket(socket.AF_INET6) as trial:
            trial.bind(("::1", 0))
    except OSError:
        raise Skip("there is no IPv6 here") from None

    def listen(daemon, ports):
        pairs = {"rtmp": daemon.rtmp_port, "http": daemon.http_port, "admin": daemon.admin_port, "srt": daemon.srt_port,
                 "rtmps": ports[0]}
        return "listen: {" + ", ".join(f'{name}: ["127.0.0.1:{port}", "[::1]:{port}"]' for name, port in pairs.items()) + "}"
    with daemon_with(listen) as (daemon, ports):
        for host, address in (("127.0.0.1", "127.0.0.1"), ("[::1]", "::1")):
            push_with_ffmpeg(daemon, f"rtmp://{host}:{daemon.rtmp_port}/live/mango-key", address, "-f", "flv")
            push_with_ffmpeg(daemon, f"rtmps://{host}:{ports[0]}/live/mango-key", address, "-f", "flv")
            push_with_ffmpeg(daemon, f"srt://{host}:{daemon.srt_port}?streamid=mango-key", address, "-f", "mpegts")
            require(http(f"http://{host}:{daemon.http_port}/healthz")[0] == 200, f"no viewers over {host}")
            require(http(f"http://{host}:{daemon.admin_port}/v1/channels")[0] == 401, f"no API over {host}")
        said = daemon.text()
        for scheme in ("rtmp", "rtmps", "srt"):
            require(said.count(f"{scheme}://127.0.0.1:") >= 1 and said.count(f"{scheme}://[::1]:") >= 1, said)


V2 = b"\r\n\r\n\0\r\nQUIT\n"


def v2(source, extra=b""):
    body = socket.inet_aton(source) + socket.inet_aton("198.51.100.1") + b"\x04\xd2\x07\x8f" + extra
    return V2 + b"\x21\x11" + len(body).to_bytes(2, "big") + body


def scene_balancers_say_who_it_is():
    def listen(daemon, ports):
        return (f'listen: {{rtmp: "127.0.0.1:{daemon.rtmp_port}", rtmps: "127.0.0.1:{ports[0]}", srt: none, '
                f'http: "127.0.0.1:{daemon.http_port}", admin: "127.0.0.1:{daemon.admin_port}", proxies: [127.7.0.0/16]}}')
    with daemon_with(listen) as (daemon, ports):
        line = b"PROXY TCP4 192.0.2.7 198.51.100.1 56324 1935\r\n"
        for header, address in ((line, "192.0.2.7"), (v2("192.0.2.8"), "192.0.2.8"),
                                (v2("192.0.2.9", b"\x04\0\x05hello"), "192.0.2.9"),
                                (b"PROXY TCP6 2001:db8::7 2001:db8::1 1 1935\r\n", "2001:db8::7"),
                                (b"PROXY UNKNOWN\r\n", "127.7.0.1"), (V2 + b"\x20\0\0\0", "127.7.0.1")):
            with Push(daemon.rtmp_port, "127.7.0.1", before=header + setup("mango-key")):
                shown = wait_for("it to publish", lambda: publisher(daemon).get("address"))
                require(shown == address, f"{header!r}: its address is {shown}")
            gone(daemon)
        # over TLS the header stands in front of the handshake
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        plain = socket.create_connection(("127.0.0.1", ports[0]), 10, ("127.7.0.1", 0))
        plain.sendall(line)
        with context.wrap_socket(plain) as stranger:
            stranger.sendall(setup("mango-key") + control(1, CHUNK) + write_tags(media()))
            shown = wait_for("it to publish", lambda: publisher(daemon).get("address"))
            require(shown == "192.0.2.7", f"over TLS its address is {shown}")
        gone(daemon)
        # who is not trusted speaks for nobody, and who is trusted says who it is
        for source, data in (("127.8.0.1", line + setup("mango-key")), ("127.8.0.1", v2("192.0.2.8") + setup("mango-key")),
                             ("127.7.0.1", setup("mango-key"))):
            with Push(daemon.rtmp_port, source, before=data) as push:
                require(push.closed and b"Publish.Start" not in push.heard, f"{data[:20]!r} from {source} was let in")
        with Push(daemon.rtmp_port, "127.8.0.1", before=setup("mango-key")) as push:
            require(not push.closed, "without a header, from elsewhere, it was not let in")


def scene_limits_are_configured():
    def listen(daemon, ports):
        return (f'listen: {{rtmp: "127.0.0.1:{daemon.rtmp_port}", rtmps: "127.0.0.1:{ports[0]}", srt: none, '
                f'http: "127.0.0.1:{daemon.http_port}", admin: "127.0.0.1:{daemon.admin_port}"}}')
    with daemon_with(listen, "limits: {connections: 16, per_address: 2, setup: 1s}\n") as (daemon, ports):
        for port in (daemon.rtmp_port, ports[0]):
            three = [socket.create_connection(("127.0.0.1", port), 10) for _ in range(3)]
            three[2].settimeout(15)
            require(three[2].recv(1) == b"", "a third connection of an address was let in")
            for one in three[:2]:
                one.settimeout(15)
                require(one.recv(1) == b"", "a silent connection was kept for more than a second")
            crowd = [socket.create_connection(("127.0.0.1", port), 10, (f"127.9.0.{n}", 0)) for n in range(1, 18)]
            crowd[0].settimeout(15)
            require(crowd[0].recv(1) == b"", "the seventeenth did not take the place of the first")
            for one in three + crowd:
                one.close()


def there(connections):
    """Those that have not been hung up on."""
    def is_there(one):
        one.settimeout(0.01)
        try:
            return one.recv(1) != b""
        except TimeoutError:
            return True
        except OSError:
            return False
    return [one for one in connections if is_there(one)]


def two_may_stay(connections, what):
    """Of those of one address two are let in, whichever were first."""
    wait_for(f"one too many to be closed: {what}", lambda: len(there(connections)) < len(connections))
    require(len(there(connections)) == 2, f"{what}: {len(there(connections))} were let in")


def inside_tls(port, source):
    """A connection whose TLS is done, and which then says nothing."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context.wrap_socket(socket.create_connection(("127.0.0.1", port), 10, (source, 0)))


def scene_listeners_of_a_kind_share_one_count():
    """And once its TLS is done, a connection counts with those of plain RTMP; before, it counts apart."""
    def listen(daemon, ports):
        rtmp, rtmps = (", ".join(f'"127.0.0.1:{port}"' for port in some)
                       for some in ((daemon.rtmp_port, ports[1]), (ports[0], ports[2])))
        return (f'listen: {{rtmp: [{rtmp}], rtmps: [{rtmps}], srt: none, '
                f'http: "127.0.0.1:{daemon.http_port}", admin: "127.0.0.1:{daemon.admin_port}"}}')

    def connect(port, source="127.9.0.1"):
        return socket.create_connection(("127.0.0.1", port), 10, (source, 0))
    with daemon_with(listen, "limits: {connections: 16, per_address: 2, setup: 60s}\n") as (daemon, ports):
        held = []
        for name, pair in (("RTMP", (daemon.rtmp_port, ports[1])), ("RTMPS", (ports[0], ports[2]))):
            three = [connect(port) for port in (*pair, pair[0])]
            two_may_stay(three, name)
            held += there(three)
        require(len(there(held)) == 4, "handshakes of TLS count with those of RTMP")
        plain, done = connect(daemon.rtmp_port, "127.9.0.2"), inside_tls(ports[0], "127.9.0.2")
        two_may_stay([plain, done, connect(ports[1], "127.9.0.2")], "RTMP, and RTMPS whose TLS is done")
        for words in ("127.9.0.1: closed: too many connections of its address", "too many handshakes of its address"):
            require(words in daemon.text(), f"the log does not say {words!r}")
        for one in (*held, plain, done):
            one.close()


if __name__ == "__main__":
    main()
