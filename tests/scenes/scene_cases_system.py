#!/usr/bin/env python3
"""Cases 73 to 76: what fails around the ingest. A webhook that is down or hostile, processes that crash, hang, or get no
memory, descriptors or disk, signals, a clock that steps; and many publishers whose processes are killed at random."""
import os
import resource
import signal
import struct
import sys
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import cases
from asking import ask
from cases import CLOSED, HELD, REFUSED, TAKEN, Case
from harness import TOP, Daemon, Publisher, require, wait_for
from hook_server import HookServer, nobody_listens
from soak import soak

LIBRARY = TOP / "build" / "tests" / "tools" / "libfaults.so"
PICTURE = "testsrc2=size=320x180:rate=30"
SOAK_S = 70
SUPERVISOR_LINK = 3                      # the last descriptor that every process has from its start

KEYS = 14                                # of papaya: each case that crashes its ingest spends one
CHANNELS = cases.CHANNELS.replace('keys: ["papaya-key"]', 'keys: ["papaya-key", ' +
                                  ", ".join(f'"papaya-{number}"' for number in range(KEYS)) + "]")

hook, faults = None, None                # the webhook's server and the file of faults, once the cases are played


# ---- faults of the machine (tests/tools/faults.c)

def write_faults(clock_s=0, fork=0, accept=0, disk=0, only=""):
    with open(faults, "r+b" if faults.exists() else "w+b") as file:
        file.write(struct.pack("<qiii32s", int(clock_s * 1e9), fork, accept, disk, only.encode()))


@contextmanager
def fault(**which):
    write_faults(**which)
    try:
        yield
    finally:
        write_faults()


# ---- the webhook

def while_hook_is(mode, key="papaya-key"):
    def case(stage):
        hook.mode = mode
        try:
            answer = ask(stage.daemon.rtmp_port, key, source=stage.source())
        finally:
            hook.mode = hook.grant
        if answer.granted():
            return TAKEN
        said = answer.description.startswith("The server cannot check stream keys")
        return REFUSED if said else f"told {answer.code!r} {answer.description!r}"
    return case


def hook_is_down(stage):
    with Daemon(channels=cases.CHANNELS, extra=f'webhook: {{url: "{nobody_listens()}", timeout: 1s}}\n') as other:
        told = [ask(other.rtmp_port, key).description for key in ("papaya-key", "unheard-of")]
    return REFUSED if all(one.startswith("The server cannot check") for one in told) else str(told)


# ---- a publisher of papaya

def publisher_of(stage):
    return (stage.status("papaya") or {}).get("publisher")


@contextmanager
def on_air(stage, picture=PICTURE, key=None):
    """papaya's publisher, once pictures of it are decoded; its process of ingest."""
    with Publisher(stage.daemon, key or "papaya-key", picture) as publisher:
        wait_for("papaya's pictures", lambda: (publisher_of(stage) or {}).get("frames"), 20)
        yield publisher, stage.daemon.child("vitrine ingest papaya")


def faults_of(stage):
    return stage.status("papaya")["faults"]


def ingest_gets(number, counter):
    """Its publisher's connection ends; the fault is counted."""
    def case(stage):
        before = faults_of(stage)[counter]
        with on_air(stage, key=fresh_key(stage)) as (publisher, ingest):
            os.kill(ingest, number)
            wait_for("its publisher to be cut off", lambda: publisher.process.poll() is not None)
        wait_for("it to be counted", lambda: faults_of(stage)[counter] == before + 1)
        return CLOSED
    return case


def fresh_key(stage):
    """One of papaya's, for a case that crashes its ingest: a key whose ingests crash too often is not let in."""
    stage.spent_keys = getattr(stage, "spent_keys", 0) + 1
    return f"papaya-{stage.spent_keys % KEYS}"


def ingests_without_memory(stage):
    """No ingest can map anything more: not those that wait, and not the one that papaya gets."""
    held = stage.processes()["ingest -"]
    for pid in held:
        with open(f"/proc/{pid}/statm", encoding="ascii") as statm:
            size = int(statm.read().split()[0]) * resource.getpagesize()
        resource.prlimit(pid, resource.RLIMIT_AS, (size, size))
    with Publisher(stage.daemon, fresh_key(stage), "testsrc2=size=1280x720:rate=10") as publisher:
        wait_for("its publisher to be cut off", lambda: publisher.process.poll() is not None, 30)
    for pid in held:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            pass
    return CLOSED


def no_process_can_be_started(stage):
    with fault(fork=1):
        for pid in stage.processes()["ingest -"]:
            os.kill(pid, signal.SIGKILL)
        wait_for("no ingest to wait", lambda: "ingest -" not in stage.processes())
        answer = ask(stage.daemon.rtmp_port, "papaya-key", source=stage.source())
    return CLOSED if not answer.granted() else TAKEN


def no_connection_can_be_accepted(stage):
    with fault(accept=1, only="gate rtmp"):
        answer = ask(stage.daemon.rtmp_port, "papaya-key", source=stage.source(), limit=2)
        require(not answer.granted() and not answer.code, f"{answer.code}")
    answer = ask(stage.daemon.rtmp_port, "papaya-key", source=stage.source())
    return TAKEN if answer.granted() else f"told {answer.code!r}"


def no_descriptors(stage):
    """Of the gate: it holds as many as it may."""
    gate = stage.daemon.child("vitrine gate rtmp")
    _, most = resource.prlimit(gate, resource.RLIMIT_NOFILE)
    resource.prlimit(gate, resource.RLIMIT_NOFILE, (SUPERVISOR_LINK + 1, most))
    try:
        answer = ask(stage.daemon.rtmp_port, "papaya-key", source=stage.source(), limit=2)
        require(not answer.granted(), "it was accepted")
    finally:
        resource.prlimit(gate, resource.RLIMIT_NOFILE, (most, most))
    answer = ask(stage.daemon.rtmp_port, "papaya-key", source=stage.source())
    return TAKEN if answer.granted() else f"told {answer.code!r}"


def last_segment(stage, channel="papaya"):
    playlist = stage.daemon.media("big", channel)
    return playlist.segments()[-1]["msn"] if playlist and playlist.segments() else -1


def gaps(stage):
    return stage.daemon.media("big", "papaya").text.count("#EXT-X-GAP")


def frames(stage):
    return stage.status("papaya")["studio"]["frames"]


def disk_is_full(stage):
    """Of papaya's studio: what it could not write is marked as a gap, and once there is room its show goes on."""
    with on_air(stage):
        before = gaps(stage)
        # Nor can a playlist be written meanwhile: the marks are seen once there is room.
        with fault(disk=1, only="studio papaya"):
            composed = frames(stage)
            wait_for("two segments' time", lambda: frames(stage) > composed + 150, 20)
        wait_for("what could not be written to be marked", lambda: gaps(stage) > before, 20)
        last = last_segment(stage)
        wait_for("segments again", lambda: last_segment(stage) > last + 1, 40)
        playlist = stage.daemon.media("big", "papaya").text
        require("#EXT-X-DISCONTINUITY\n" not in playlist, "a discontinuity")
    return HELD


# ---- signals and clocks

def term(stage):
    """SIGTERM: the encoder is told why, the show is ended, everything stops with exit code 0."""
    with Daemon(channels=cases.CHANNELS) as other, Publisher(other, "papaya-key", PICTURE) as publisher:
        other.segments("big", 1, channel="papaya")
        media = other.media("big", "papaya").path
        other.process.send_signal(signal.SIGTERM)
        require(other.process.wait(30) == 0, f"exit code {other.process.returncode}")
        wait_for("the encoder to end", lambda: publisher.process.poll() is not None)
        text = (other.folder / "var" / media.lstrip("/")).read_text()
        require("#EXT-X-ENDLIST" in text, "the show was not ended")
    return CLOSED


def hang_up(stage):
    before = stage.processes()
    os.kill(stage.daemon.process.pid, signal.SIGHUP)
    wait_for("the log to say so", lambda: "Hangup" in stage.daemon.text())
    answer = ask(stage.rtmps_port, "papaya-key", tls=True, source=stage.source())
    require(answer.granted(), f"told {answer.code!r}")
    require(stage.processes().get("gate tls") == before["gate tls"], "gate tls is another process")
    return HELD


def clock_steps(seconds):
    """Program time steps in every process, there and back, while both channels are on air."""
    def case(stage):
        with on_air(stage):
            before = gaps(stage)
            with fault(clock_s=seconds):
                last = last_segment(stage)
                wait_for("segments to go on", lambda: last_segment(stage) > last + 1, 20)
            last = last_segment(stage)
            wait_for("segments to go on", lambda: last_segment(stage) > last, 20)
            text = stage.daemon.media("big", "papaya").text
            require("#EXT-X-DISCONTINUITY\n" not in text and gaps(stage) <= before, "papaya's playlist broke")
        return HELD
    return case


def suspend(stage):
    """Everything stands still for five seconds, as on a machine that sleeps: nothing is killed for it."""
    with Daemon(channels=cases.CHANNELS) as other, Publisher(other, "papaya-key", PICTURE) as publisher:
        other.segments("big", 1, channel="papaya")
        before = other.children()
        pids = [other.process.pid, publisher.process.pid, *before.values()]
        for pid in pids:
            os.kill(pid, signal.SIGSTOP)
        stopped = time.monotonic()
        wait_for("five seconds", lambda: time.monotonic() - stopped > 5)
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
        last = other.media("big", "papaya").segments()[-1]["msn"]
        wait_for("segments to go on", lambda: other.media("big", "papaya").segments()[-1]["msn"] > last + 2, 30)
        now = other.children()
        require(now["vitrine ingest papaya"] == before["vitrine ingest papaya"], "its ingest was killed")
        require("#EXT-X-DISCONTINUITY\n" not in other.media("big", "papaya").text, "a discontinuity")
    return HELD


def soak_shortly(stage):
    soak(SOAK_S, seed=76)
    return HELD


CASES = [
    Case(73, "a webhook that answers 500", while_hook_is(lambda _: (500, b'{"allow": true}', {})), REFUSED),
    Case(73, "a webhook that redirects to itself", while_hook_is("redirect"), REFUSED),
    Case(73, "a webhook that answers with 10 MB", while_hook_is("large"), REFUSED),
    Case(73, "a webhook that does not answer", while_hook_is("slow"), REFUSED),
    Case(73, "a webhook that does not answer, for a key that nobody knows", while_hook_is("slow", "unheard-of"), REFUSED),
    Case(73, "a webhook that is down", hook_is_down, REFUSED),
    Case(74, "SIGKILL to an ingest", ingest_gets(signal.SIGKILL, "crashes"), CLOSED, "signal 9"),
    Case(74, "SIGSEGV to an ingest", ingest_gets(signal.SIGSEGV, "crashes"), CLOSED, "signal 11"),
    Case(74, "SIGSTOP to an ingest", ingest_gets(signal.SIGSTOP, "hangs"), CLOSED, "has said nothing for 3 s"),
    Case(74, "ingests that get no more memory", ingests_without_memory, CLOSED),
    Case(74, "no process can be started", no_process_can_be_started, CLOSED, "cannot be started"),
    Case(74, "the machine has no descriptor for a connection", no_connection_can_be_accepted, TAKEN),
    Case(74, "the gate has no descriptor for a connection", no_descriptors, TAKEN),
    Case(74, "a studio's disk is full for a while", disk_is_full, HELD),
    Case(75, "SIGTERM while a publisher is live", term, CLOSED),
    Case(75, "SIGHUP while a publisher is live", hang_up, HELD),
    Case(75, "the clock steps ahead by an hour, and back", clock_steps(3600), HELD),
    Case(75, "the clock steps back by an hour, and ahead", clock_steps(-3600), HELD),
    Case(75, "everything stands still for five seconds", suspend, HELD),
    Case(76, f"{SOAK_S} seconds of three publishers and kills at random", soak_shortly, HELD, slow=True),
]


def prepare(stage):
    """papaya's studio is there from now on, and so is what the gates need once."""
    with on_air(stage):
        stage.daemon.segments("big", 1, channel="papaya")
    ask(stage.rtmps_port, "papaya-key", tls=True, source=stage.source())


if __name__ == "__main__":
    hook, faults = HookServer(), Path(tempfile.mkstemp(prefix="vitrine-faults-")[1])
    write_faults()
    os.environ["LD_PRELOAD"], os.environ["VITRINE_FAULTS"] = str(LIBRARY), str(faults)
    hook.mode = hook.grant
    try:
        cases.main(CASES, prepare=prepare, channels=CHANNELS, extra=f'webhook: {{url: "{hook.url}", timeout: 1s, cache: none}}\n')
    finally:
        faults.unlink()
