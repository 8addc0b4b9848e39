#!/usr/bin/env python3
"""Streamers push over SRT: keys and passphrases, what is refused, a gate that dies; another channel over RTMP beside
them goes on undisturbed."""
import itertools
import os
import re
import signal
import socket
import subprocess
import tempfile
from contextlib import ExitStack, contextmanager
from pathlib import Path

from asking import ask
from harness import VITRINE, Daemon, Publisher, decode_errors, fetch_rendition, free_ports, main, require, wait_for
from scene_keys import moment
from srt_wire import Caller

CHANNELS = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
    slate: {after: 1s, grace: 30s}
  fig:
    keys: ["fig-key"]
    srt: {passphrase: "a long passphrase", latency: 300ms}
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
  lime:
    keys: ["lime-key", "lime-other"]
    takeover: refuse
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    encoder: {preset: ultrafast}
"""
PICTURE = "testsrc2=size=320x180:rate=30"
PER_ADDRESS = 32                         # as ingest/srt_admission.h has it
GUESSES = 10                             # as base/bucket.h has it
SOURCES = [f"127.0.0.{n}" for n in range(2, 7)]


def publisher_of(daemon, channel="mango"):
    return daemon.api("GET", f"/v1/channels/{channel}/status", expect=200).get("publisher")


class SrtPublisher(Publisher):
    """ffmpeg as an SRT caller."""

    def __init__(self, daemon, query, sound="sine=frequency=440:sample_rate=48000"):
        self.log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-hide_banner", "-v", "error", "-re", "-f", "lavfi", "-i", PICTURE, "-re", "-f",
             "lavfi", "-i", sound, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30",
             "-pix_fmt", "yuv420p", "-c:a", "aac", "-f", "mpegts", f"srt://127.0.0.1:{daemon.srt_port}?{query}"],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=subprocess.STDOUT)


@contextmanager
def live_transmit(daemon, query):
    """ffmpeg's MPEG-TS over UDP into srt-live-transmit."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
        probe.close()
        sender = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", PICTURE, "-re", "-f", "lavfi", "-i", "sine",
             "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-g", "30", "-pix_fmt", "yuv420p", "-c:a",
             "aac", "-f", "mpegts", f"udp://127.0.0.1:{port}?pkt_size=1316"],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        caller = subprocess.Popen(["srt-live-transmit", f"udp://127.0.0.1:{port}",
                                   f"srt://127.0.0.1:{daemon.srt_port}?{query}"], stdin=subprocess.DEVNULL,
                                  stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            yield
        finally:
            for process in (caller, sender):
                process.kill()
                process.wait()


def refused(daemon, query, complaint):
    """ffmpeg shows no reason, so the daemon's log is asked for it; libsrt's own refusals stand there not at all."""
    before = daemon.text().count(complaint) if complaint else 0
    with SrtPublisher(daemon, query) as stranger:
        require(stranger.process.wait(20) != 0, f"{query} was let in")
    if complaint:
        wait_for(f"the log to say {complaint!r}", lambda: daemon.text().count(complaint) > before)


# A caller that does nothing but say why it was refused.
CALLER = """
import ctypes, socket, struct, sys
srt = ctypes.CDLL("libsrt-gnutls.so.1.5")
srt.srt_startup()
srt.srt_setloglevel(0)
caller, streamid = srt.srt_create_socket(), sys.argv[2].encode()
srt.srt_setsockflag(caller, 46, streamid, len(streamid))     # SRTO_STREAMID
def address(host, port):
    return struct.pack("=H", socket.AF_INET) + struct.pack(">H", port) + socket.inet_aton(host) + bytes(8)
source, to = address(sys.argv[3], 0), address("127.0.0.1", int(sys.argv[1]))
srt.srt_bind(caller, source, len(source))
print(0 if srt.srt_connect(caller, to, len(to)) == 0 else srt.srt_getrejectreason(caller))
"""


def reject_code(port, streamid, source="127.0.0.1"):
    done = subprocess.run(["python3", "-c", CALLER, str(port), streamid, source], capture_output=True, text=True, timeout=20)
    return int(done.stdout)


def libraries(pid):
    return set(re.findall(r"/(libsrt[^/\s]*)$", Path(f"/proc/{pid}/maps").read_text(), re.M))


def scene_publishes():
    with Daemon(channels=CHANNELS) as daemon, tempfile.TemporaryDirectory() as folder:
        with SrtPublisher(daemon, "streamid=mango-key"):
            daemon.segments("big", 4)
            daemon.segments("audio", 4)
            shown = publisher_of(daemon)
            require((shown["protocol"], shown["address"]) == ("srt", "127.0.0.1"), f"the status says {shown}")
            require((shown["video"]["codec"], shown["audio"]["codec"]) == ("H.264", "AAC"), f"codecs: {shown}")
            line = wait_for("SRT's statistics", lambda: publisher_of(daemon).get("srt"))
            require(line["packets"] > 0 and line["latency_ms"] == 200 and not line["encrypted"], f"statistics: {line}")
            before = daemon.api("GET", "/v1/channels/mango/status", expect=200)["studio"]["dropped_samples"]
            for name in ("big", "audio"):
                path = fetch_rendition(daemon, daemon.media(name), Path(folder) / f"{name}.mp4")
                require(not decode_errors(path), f"{name}: {decode_errors(path)}")
            daemon.segments("big", 6)
            status = daemon.api("GET", "/v1/channels/mango/status", expect=200)
            lost = status["studio"]["dropped_samples"] - before
            require(lost == 0, f"{lost} samples came too late for their picture")
            require(status["publisher"]["errors"] == 0, f"{status['publisher']['errors']} errors")
        wait_for("the publisher to be gone", lambda: not publisher_of(daemon))


def scene_streamids():
    with Daemon(channels=CHANNELS) as daemon:
        for query in ("streamid=#!::r=mango,m=publish,s=mango-key", "streamid=publish:mango:me:mango-key",
                      "streamid=live/mango-key"):
            with SrtPublisher(daemon, query):
                wait_for(f"{query} to publish", lambda: publisher_of(daemon))
            wait_for("it to be gone", lambda: not publisher_of(daemon))
        with live_transmit(daemon, "streamid=#!::r=mango,m=publish,s=mango-key"):
            wait_for("srt-live-transmit to publish", lambda: (publisher_of(daemon) or {}).get("frames", 0) > 30)


def scene_refusals():
    with Daemon(channels=CHANNELS) as daemon, Publisher(daemon, "lime-key", picture=PICTURE):
        daemon.segments("big", 1, channel="lime")
        lime = publisher_of(daemon, "lime")["publisher"]
        unknown = "refused: no channel has that key, or"
        refused(daemon, "streamid=no-such-key", unknown)
        refused(daemon, "streamid=#!::r=mango,m=publish,s=wrong", unknown)
        refused(daemon, "streamid=#!::r=lime,m=publish,s=mango-key", unknown)
        refused(daemon, "streamid=#!::r=mango,m=request,s=mango-key", "refused: it asks to play")
        refused(daemon, "mode=caller", "refused: its streamid names no key")
        early, late = (daemon.api("POST", "/v1/channels/mango/keys", {when: moment(seconds)}, expect=201)["key"]
                       for when, seconds in (("not_before", 3600), ("not_after", -60)))
        for streamid, code in (("no-such-key", 1401), (early, 1401), (late, 1401), ("#!::r=lime,s=mango-key", 1401), ("#!:{x}", 1400),
                               ("#!::r=mango,m=request", 1405), ("", 1400)):
            got = reject_code(daemon.srt_port, streamid)
            require(got == code, f"{streamid!r} is refused with {got}, not {code}")
        # libsrt has let it in by the time that the supervisor says no: the next attempt is told
        wait_for("a caller to be told that another publishes", lambda: reject_code(daemon.srt_port, "lime-other") == 1409, 20)
        counted = ('vitrine_publishers_refused_total{reason="busy"}', 'vitrine_publishers_refused_total{reason="play"}',
                   'vitrine_publishers_refused_total{reason="again"}')
        wait_for("them in the metrics", lambda: all(one in daemon.api("GET", "/metrics", expect=200).decode()
                                                    for one in counted))
        require("no-such-key" not in daemon.text(), "a key stands in the log")
        shown = publisher_of(daemon, "lime")
        require(shown["publisher"] == lime and shown["dropped"] == 0, f"the other channel was disturbed: {shown}")


def scene_keys_come_and_go():
    """libsrt itself refuses a key before its time, as one that nobody knows, and takes it afterwards."""
    with Daemon(channels=CHANNELS) as daemon:
        key = daemon.api("POST", "/v1/channels/mango/keys", {"not_before": moment(6), "not_after": moment(3600)},
                         expect=201)["key"]
        require(reject_code(daemon.srt_port, key, "127.0.0.2") == 1401, "a key opens before its time")
        others = itertools.count(3)
        wait_for("its time", lambda: reject_code(daemon.srt_port, key, f"127.0.0.{next(others)}") == 0)


def scene_passphrases():
    with Daemon(channels=CHANNELS) as daemon:
        with SrtPublisher(daemon, "streamid=fig-key&passphrase=a long passphrase"):
            line = wait_for("SRT's statistics", lambda: (publisher_of(daemon, "fig") or {}).get("srt"))
            require(line["encrypted"] and line["latency_ms"] == 300, f"statistics: {line}")
            daemon.segments("big", 2, channel="fig")
        wait_for("the publisher to be gone", lambda: not publisher_of(daemon, "fig"))
        refused(daemon, "streamid=fig-key&passphrase=another passphrase", None)
        refused(daemon, "streamid=fig-key", None)
        refused(daemon, "streamid=mango-key&passphrase=a long passphrase", None)
        require(not publisher_of(daemon, "fig") and not publisher_of(daemon), "one of them publishes")
        require("a long passphrase" not in daemon.text(), "the passphrase stands in the log")


def scene_the_gate_dies():
    with Daemon(channels=CHANNELS) as daemon, Publisher(daemon, "lime-key", picture=PICTURE):
        daemon.segments("big", 2, channel="lime")
        lime = publisher_of(daemon, "lime")["publisher"]
        with SrtPublisher(daemon, "streamid=mango-key"):
            daemon.segments("big", 2)
            show = daemon.media("big").path
            gate = daemon.child("vitrine gate srt")
            os.kill(gate, signal.SIGKILL)
            daemon.child("vitrine gate srt", other_than=gate)
            wait_for("the lost publisher to be noticed", lambda: not publisher_of(daemon))
            wait_for("the slate", lambda: daemon.state() == "slate")
        with SrtPublisher(daemon, "streamid=mango-key"):
            wait_for("the publisher to be back", lambda: daemon.state() == "live")
            playlist = daemon.media("big")
            require(playlist.path == show, "a new show was begun")
            require("#EXT-X-DISCONTINUITY\n" not in playlist.text, "there is a discontinuity")
        shown = publisher_of(daemon, "lime")
        require(shown["publisher"] == lime and shown["dropped"] == 0, f"the other channel was disturbed: {shown}")


class Quiet(SrtPublisher):
    """ffmpeg as an SRT caller of another port than the daemon's usual one."""

    def __init__(self, port, query):
        class There:
            srt_port = port
        super().__init__(There(), query)


def scene_a_channel_has_an_address_of_its_own():
    """Who calls there names no key: the passphrase keeps strangers out. On the usual one a streamid must be there."""
    daemon, (port,) = Daemon(channels=CHANNELS), free_ports(1)
    text = daemon.config.read_text()
    daemon.config.write_text(text.replace("listen: {", f'listen: {{srt_channels: {{fig: "127.0.0.1:{port}"}}, ', 1))
    with daemon:
        require(f"srt://127.0.0.1:{port} with the passphrase of fig" in daemon.text(), daemon.text())
        with Quiet(port, "passphrase=a long passphrase"):
            shown = wait_for("a caller without a streamid", lambda: (publisher_of(daemon, "fig") or {}).get("srt") and
                             publisher_of(daemon, "fig"))
            require(shown["protocol"] == "srt" and shown["srt"]["encrypted"] and shown["srt"]["latency_ms"] == 300, f"{shown}")
        wait_for("it to be gone", lambda: not publisher_of(daemon, "fig"))
        with Quiet(port, "streamid=mango-key"):
            wait_for("a caller who names a key there", lambda: (publisher_of(daemon) or {}).get("frames", 0) > 5)
        with Quiet(port, "passphrase=another passphrase") as wrong, Quiet(port, "latency=200000") as none:
            require(wrong.process.wait(20) != 0 and none.process.wait(20) != 0, "without the passphrase")
        for at, streamid, code in ((port, "unknown", 1401), (port, "", 1011), (daemon.srt_port, "", 1400)):
            got = reject_code(at, streamid)
            require(got in (code, code - 1000), f"{streamid!r} at {at} is refused with {got}, not {code}")
        require(not publisher_of(daemon, "fig"), "one of them publishes")
        require("a long passphrase" not in daemon.text(), "the passphrase stands in the log")


def scene_takeover_and_kick():
    with Daemon(channels=CHANNELS) as daemon, SrtPublisher(daemon, "streamid=mango-key") as first:
        one = wait_for("the first publisher", lambda: publisher_of(daemon))["publisher"]
        with Publisher(daemon, "mango-key", picture=PICTURE):
            wait_for("RTMP to take over", lambda: (publisher_of(daemon) or {}).get("protocol") == "rtmp")
            require(first.process.wait(20) != 0, "the first publisher did not notice")
        with SrtPublisher(daemon, "streamid=mango-key") as second:
            wait_for("SRT to publish", lambda: (publisher_of(daemon) or {"publisher": one})["publisher"] != one and
                     publisher_of(daemon)["protocol"] == "srt")
            daemon.api("DELETE", "/v1/channels/mango/publisher")
            require(second.process.wait(20) != 0, "the kicked publisher did not notice")


@contextmanager
def decided_by_nobody(daemon):
    """The supervisor stands still: whom the gate lets in stays, and nobody asks for an ingest."""
    os.kill(daemon.process.pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(daemon.process.pid, signal.SIGCONT)


def scene_so_many_publishers():
    """128 in all, 32 of an address: the next one is told so in libsrt's words. The supervisor does not look at them in the
    end, since all of their addresses have sent it wrong keys before."""
    with Daemon(channels=CHANNELS) as daemon, Publisher(daemon, "lime-key", picture=PICTURE), ExitStack() as all_of_them:
        daemon.segments("big", 2, channel="lime")
        for guess in range(GUESSES * len(SOURCES)):
            ask(daemon.rtmp_port, f"guess-{guess}", source=SOURCES[guess % len(SOURCES)])
        lime, gate = publisher_of(daemon, "lime")["publisher"], daemon.child("vitrine gate srt")
        callers = []

        def call(source):
            caller = all_of_them.enter_context(Caller(daemon.srt_port, source, 20))
            code = caller.publish("mango-key")
            for other in callers:
                other.keep_alive()
            if code == -1:
                callers.append(caller)
            return code

        def fill(source):
            codes = [call(source) for _ in range(PER_ADDRESS)]
            require(codes == [-1] * PER_ADDRESS, f"{source}: {codes}")

        def one_too_many(source):
            """Two are asked: the gate may not have counted the last one in yet when the first of them comes."""
            return 1402 in (call(source), call(source))
        with decided_by_nobody(daemon):
            fill(SOURCES[0])
            require(one_too_many(SOURCES[0]), "one too many of an address was let in")
            code = reject_code(daemon.srt_port, "mango-key", SOURCES[0])
            require(code == 1402, f"libsrt's own caller was told {code}")
            for source in SOURCES[1:4]:
                fill(source)
            require(one_too_many(SOURCES[4]), "one too many in all was let in")
            one = callers.pop(0)
            one.__exit__()
            wait_for("the place of one that went", lambda: call(SOURCES[4]) == -1, 20)
            for one in callers:
                one.__exit__()
        wait_for("all to be gone", lambda: reject_code(daemon.srt_port, "unknown", "127.0.0.7") == 1401)
        with SrtPublisher(daemon, "streamid=mango-key"):
            wait_for("somebody with a right key to publish", lambda: (publisher_of(daemon) or {}).get("frames", 0) > 5)
        shown = publisher_of(daemon, "lime")
        require(shown["publisher"] == lime and shown["dropped"] == 0, f"the other channel was disturbed: {shown}")
        require(daemon.child("vitrine gate srt") == gate, "the gate was started again")


def scene_one_libsrt():
    """Two variants of libsrt in one process crash; libavformat brings the one that the gate uses."""
    with Daemon(channels=CHANNELS) as daemon, SrtPublisher(daemon, "streamid=mango-key"):
        daemon.segments("big", 1)
        seen = {title: libraries(pid) for title, pid in daemon.children().items()}
        require("vitrine gate srt" in seen and "vitrine ingest mango" in seen, f"processes: {list(seen)}")
        for title, found in seen.items():
            require(all(name.startswith("libsrt-gnutls") for name in found), f"{title} has {found}")
            require(len(found) <= 1, f"{title} has {found}")


def scene_a_taken_port():
    with Daemon(channels=CHANNELS) as daemon:
        text = daemon.config.read_text()
        other = re.sub(r'(rtmp|http|admin): "127.0.0.1:\d+"', r'\1: "127.0.0.1:0"', text)
        with tempfile.TemporaryDirectory() as folder:
            config = Path(folder) / "vitrine.yaml"
            config.write_text(other.replace(f"{daemon.folder}/var", f"{folder}/var"))
            done = subprocess.run([VITRINE, "serve", "--config", config], cwd=folder, capture_output=True, text=True,
                                  timeout=20)
            require(done.returncode == 1, f"it ended with {done.returncode}")
            require(f"srt: 127.0.0.1:{daemon.srt_port} is in use" in done.stderr, f"it said {done.stderr}")


if __name__ == "__main__":
    main()
