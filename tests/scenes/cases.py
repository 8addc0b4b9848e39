#!/usr/bin/env python3
"""What strangers may send: the frame that plays cases against the real daemon, and the table of all of them.

A group of cases is a scene_cases_….py with a list CASES; it ends in `cases.main(CASES)`. Beside every case an honest
publisher pushes to the channel mango. After each one
  - the daemon must be as it was: the same processes, no more descriptors, no more memory than a margin;
  - the neighbour's playlist must show neither a discontinuity nor a gap, and its publisher must be the same;
and after each few of them a status that is newer than the last must show that mango repeated and dropped no frame (one
that is composed after the next was due is late, not lost, and says how busy the machine is). If it did, each of these
cases is played again by itself, once the neighbour alone loses nothing: so it is known whose fault that was. A stall of a
busy machine is nobody's: what the neighbour lost is put down to it, and said, if the machine was seen to stand still for as
many frames while the daemon itself took little of it.

Cases that may be played `together` are, each on a channel of its own; one that fails is played again alone.

`cases.py --table` prints docs/ingest-cases.md.
"""
import copy
import importlib
import itertools
import math
import os
import subprocess
import sys
import tempfile
import threading
import time
import traceback
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Callable, NamedTuple, Union

from harness import MACHINE, Daemon, Failure, Publisher, Skip, free_ports, require, wait_for

sys.path.insert(0, str(Path(__file__).parent))

GROUPS = {"scene_cases_rtmp": "Connections, RTMP and its commands", "scene_cases_codec": "Tags and codecs",
          "scene_cases_time": "Timestamps", "scene_cases_srt": "SRT and MPEG-TS", "scene_cases_system": "The system"}
ALL_NUMBERS = range(1, 77)
SLOW = "slow_cases"                      # plays the slow ones of all groups; script/test --all runs it

AT_ONCE = 6                              # cases between two looks at the neighbour's counters
REST_LIMIT_S = 30                        # for the daemon to be as it was; libsrt is slow to miss who was on a bad line
CALM_LIMIT_S = 20                        # for a machine that others use to keep up with the neighbour alone
BASELINE_LIMIT_S = 120
TRIES = 3                                # of a case by itself, before the neighbour's loss is its fault
FRAME_S = 1 / 30
BUSY = 0.85                              # of its processors' time: then a picture a second may be late
MUCH = 0.5                               # of a core that the daemon takes: then stalls may be of its own making
WARM = 2                                 # ingests that wait for a publisher
OWN_KB = 4096                            # memory of its own that a process may have gained in all, over all cases
MEDIA_KB = 16384                         # ... one that holds pictures
PROXIES = "127.7.0.0/16"                 # whose PROXY headers are believed; no case is sent from there but by its own will
CLOSED, TAKEN, REFUSED, HELD = "closed", "published", "refused", "held open"

LANES = ("papaya", "papaya2", "papaya3")         # the channels that cases are played on

CHANNELS = "".join(f"""
  {name}:
    keys: ["{name}-key"]
    canvas: {{size: 320x180, fps: 30}}
    renditions: [{{name: big, size: 320x180, bitrate: 300k}}]
    slate: {{after: 1s, grace: 900s}}
    encoder: {{preset: ultrafast}}
""" for name in ("mango", *LANES))


class Case(NamedTuple):
    number: int                          # in the list of 76
    what: str                            # is sent: for the table
    send: Union[bytes, list, Callable]   # bytes, segments, or a function of the Stage that returns an outcome
    outcome: str                         # what must come of it
    why: str = ""                        # a phrase that the log must hold afterwards
    slow: bool = False                   # only with script/test --all
    restarts: tuple = ()                 # titles of processes that may be others afterwards
    together: bool = False               # with others, each on a channel of its own


class Stage:
    """The daemon at hand, with its honest publisher, and the channel for what a case publishes."""
    channel = LANES[0]

    def __init__(self, daemon, rtmps_port, folder):
        self.daemon, self.rtmps_port, self.folder = daemon, rtmps_port, folder
        self.sources, self.lock = itertools.count(), threading.Lock()
        self.pids, self.memory, self.descriptors, self.losses = {}, {}, {}, {}

    # -- the daemon

    def processes(self):
        """{title: [pid…]}, the supervisor too."""
        listed = subprocess.run(["ps", "-o", "pid=,args=", "--ppid", str(self.daemon.process.pid)],
                                capture_output=True, text=True).stdout
        found = {"supervisor": [self.daemon.process.pid]}
        for line in listed.splitlines():
            pid, _, title = line.strip().partition(" ")
            found.setdefault(title[title.rfind("vitrine ") + 8:].strip(), []).append(int(pid))
        return {title: sorted(pids) for title, pids in found.items()}

    def baseline(self):
        """What the daemon has to come back to: as it is once nothing has changed from one status to the next."""
        def settled():
            pids, losses = self.pids, self.losses
            self.take_stock()
            self.losses = self.counters()
            return pids == self.pids and losses == self.losses and len(pids.get("ingest -", ())) == WARM and \
                not self.complaint()
        wait_for("the daemon to be at rest", settled, BASELINE_LIMIT_S)

    def take_stock(self):
        self.pids = self.processes()
        self.memory = {title: sum(map(own_kilobytes, pids)) for title, pids in self.pids.items()}
        self.descriptors = {title: sum(map(count_descriptors, pids)) for title, pids in self.pids.items()}

    def calm(self):
        """Waits until the neighbour loses nothing while nothing is sent, so that it can be told who is to blame."""
        def settled():
            before, self.losses = self.losses, self.counters()
            return before == self.losses
        try:
            wait_for("the machine to keep up with the neighbour alone", settled, CALM_LIMIT_S)
        except Failure as failure:
            print(f"# {failure}", flush=True)    # what it loses from now on is judged all the same

    def used(self):
        """Seconds of a core that the daemon has taken so far, with its children that have ended."""
        pids = [pid for pids in self.processes().values() for pid in pids]
        return sum(processor_seconds(pid, pid == self.daemon.process.pid) for pid in pids)

    def complaint(self, restarts=()):
        """What is not as it was, or None. Warm ingests are spent and made anew: only their number counts."""
        found = self.processes()
        for title in self.pids.keys() | found.keys():
            before, now = self.pids.get(title, []), found.get(title, [])
            if len(before) != len(now):
                return f"{len(now)} processes {title!r} instead of {len(before)}"
            if title == "ingest -":
                continue
            if before != now and title not in restarts:
                return f"{title} is another process"
            if (count := sum(map(count_descriptors, now))) > self.descriptors[title]:
                return f"{title} has {count} descriptors instead of {self.descriptors[title]}"
            margin = MEDIA_KB if title.startswith(("ingest", "studio")) else OWN_KB
            if (more := sum(map(own_kilobytes, now)) - self.memory[title]) > margin:
                return f"{title} has {more} KB more than before the first case"
        return None

    def come_to_rest(self, restarts=()):
        try:
            wait_for("the daemon to be as it was", lambda: not self.complaint(restarts), REST_LIMIT_S)
        except Failure:
            complaint = self.complaint(restarts)
            self.take_stock()                # so that it is this case's fault, and not each later one's
            raise Failure(complaint or "the daemon took too long to be as it was") from None
        if restarts:
            found = self.processes()
            self.pids.update({title: found[title] for title in restarts if title in found})

    # -- the neighbour

    def status(self, channel="mango"):
        return self.daemon.api("GET", f"/v1/channels/{channel}/status", expect=200)

    def counters(self):
        """The neighbour's losses, from a status that is newer than this call."""
        before = self.status().get("studio", {}).get("frames")
        now = wait_for("the neighbour's next status", lambda: next(
            (one for one in [self.status()] if one.get("studio", {}).get("frames", before) != before), None))
        publisher, studio = now.get("publisher") or {}, now["studio"]
        return {"publisher": publisher.get("publisher"), "errors": publisher.get("errors"),
                "not decoded": publisher.get("dropped"), "show": now.get("show"), "state": studio["state"],
                **{name: studio[name] for name in ("repeated", "dropped", "skipped", "anchors")}}

    def check_playlist(self):
        text = self.daemon.media("big").text
        require("#EXT-X-DISCONTINUITY\n" not in text, "the neighbour's playlist has a discontinuity")
        require("#EXT-X-GAP" not in text, "the neighbour's playlist has a gap")

    def neighbour_lost(self):
        """{counter: (before, now)} of what has changed since the last look."""
        now, before = self.counters(), self.losses
        self.losses = now
        return {name: (before[name], now[name]) for name in now if now[name] != before[name]}

    # -- for cases that are functions

    def source(self):
        """An address of this machine that nobody has connected from, so that no limit of an earlier case counts."""
        with self.lock:
            number = next(self.sources)
        return f"127.1.{number // 200}.{number % 200 + 1}"

    def on(self, channel):
        """The same stage with another channel for what is published."""
        other = copy.copy(self)
        other.channel = channel
        return other


def in_words(lost):
    return ", ".join(f"{name} {before} -> {now}" for name, (before, now) in lost.items())


def is_the_machines(lost, begin, used):
    """Whether a machine that was busy or stood still since `begin`, and not for the daemon's sake, explains what was lost."""
    seconds = time.monotonic() - begin.time
    if lost.keys() - {"repeated", "dropped", "skipped"} or used > MUCH * seconds:
        return False
    frames = sum(now - before for before, now in lost.values())
    stood = sum(math.ceil(stall / FRAME_S) + 1 for stall in MACHINE.stalls(begin))
    return frames <= stood or (MACHINE.busy(begin) > BUSY and frames <= 2 + seconds)


def processor_seconds(pid, with_children):
    try:
        with open(f"/proc/{pid}/stat", encoding="ascii", errors="replace") as file:
            fields = file.read().rsplit(")", 1)[1].split()
    except OSError:
        return 0
    return sum(map(int, fields[11:15 if with_children else 13])) / os.sysconf("SC_CLK_TCK")


def own_kilobytes(pid):
    """Memory that a process shares with no file."""
    try:
        with open(f"/proc/{pid}/status", encoding="ascii", errors="replace") as status:
            return sum(int(line.split()[1]) for line in status if line.startswith(("RssAnon:", "RssShmem:")))
    except OSError:
        return 0


def count_descriptors(pid):
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))
    except OSError:
        return 0


def make_certificate(folder, name="stage"):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-days", "2", "-subj", f"/CN={name}", "-keyout", folder / "key.pem", "-out",
                    folder / "certificate.pem"], check=True, capture_output=True)


def play(stage, case, deliver):
    """One case; Failure if it does not come to what it must."""
    logged = len(stage.daemon.text())
    came = case.send(stage) if callable(case.send) else deliver(stage, case.send)
    require(came == case.outcome, f"{came}, not {case.outcome}")
    if case.why:
        wait_for(f"{case.why!r} in the log", lambda: case.why in stage.daemon.text()[logged:])


def rest(stage, case):
    stage.come_to_rest(case.restarts)
    stage.check_playlist()


class Report:
    """TAP of the cases, in their order."""

    def __init__(self, cases):
        self.names = {id(case): f"case {case.number}: {case.what}" for case in cases}
        self.number, self.failures = 0, 0
        print(f"1..{len(cases)}", flush=True)

    def line(self, case, problem=None, skip=None):
        self.number += 1
        self.failures += problem is not None
        if problem:
            sys.stdout.write("".join(f"# {line}\n" for line in problem.splitlines()))
        print(f"{'not ' if problem else ''}ok {self.number} - {self.names[id(case)]}" +
              (f" # SKIP {skip}" if skip else ""), flush=True)


def result_of(function, *arguments):
    """(problem, reason to skip)"""
    try:
        function(*arguments)
    except Skip as reason:
        return None, str(reason)
    except Failure as failure:
        return str(failure), None
    except Exception:                    # a case that falls over has failed; the next one is played all the same
        return traceback.format_exc(), None
    return None, None


def attempt(stage, case, deliver):
    problem, skip = result_of(play, stage, case, deliver)
    unrest, _ = result_of(rest, stage, case)
    return problem or unrest, skip


def attempt_together(stage, cases, deliver):
    with ThreadPoolExecutor(len(LANES)) as pool:
        lanes = [stage.on(channel) for channel in LANES]
        results = list(pool.map(lambda lane, case: result_of(play, lane, case, deliver), lanes, cases))
    unrest, _ = result_of(rest, stage, cases[0])
    return [(problem or unrest, skip) for problem, skip in results]


class Look:
    """What the neighbour loses from now on."""

    def __init__(self, stage):
        self.stage, self.begin, self.used = stage, MACHINE.now(), stage.used()

    def fault(self):
        """What it lost, in words, unless that was the machine's fault, which is said."""
        lost = self.stage.neighbour_lost()
        if not lost:
            return None
        excused = is_the_machines(lost, self.begin, self.stage.used() - self.used)
        words = f"the neighbour lost {in_words(lost)}"
        print(f"# {words}{', which is put down to the machine' if excused else ''}; {MACHINE.words(self.begin)}", flush=True)
        return None if excused else words


def play_alone(stage, case, deliver):
    """Again and again, a few times, while the neighbour loses something."""
    for _ in range(TRIES):
        stage.calm()
        look = Look(stage)
        problem, skip = attempt(stage, case, deliver)
        fault = look.fault()
        if problem or not fault:
            return problem, skip
    return fault, None


def play_some(stage, cases, deliver, report):
    look = Look(stage)
    if cases[0].together:
        results = attempt_together(stage, cases, deliver)
    else:
        results = [attempt(stage, case, deliver) for case in cases]
    if look.fault():
        print(f"# each of cases {cases[0].number} to {cases[-1].number} again", flush=True)
        results = [result if result[0] else play_alone(stage, case, deliver) for case, result in zip(cases, results)]
    for case, (problem, skip) in zip(cases, results):
        if problem:                          # cases work in real time, and the machine may have stalled
            print(f"# case {case.number}, {case.what}: {problem}; once more; {MACHINE.words(look.begin)}", flush=True)
            problem, skip = play_alone(stage, case, deliver)
        report.line(case, problem, skip)


def batches(cases):
    """A few at a time: those that are played together, and of the others as many as share a look at the neighbour."""
    for together, group in itertools.groupby(sorted(cases, key=lambda case: case.together), lambda case: case.together):
        group, size = list(group), len(LANES) if together else AT_ONCE
        yield from (group[at:at + size] for at in range(0, len(group), size))


def open_stage(stack, extra="", channels=CHANNELS):
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    (rtmps_port,) = free_ports(1)
    make_certificate(folder)
    daemon = Daemon(channels=channels, extra=extra)
    text = daemon.config.read_text().replace("listen: {", f'listen: {{rtmps: "127.0.0.1:{rtmps_port}", proxies: [{PROXIES}], ', 1)
    daemon.config.write_text(f"tls: {{certificate: {folder}/certificate.pem, key: {folder}/key.pem}}\n{text}")
    stack.enter_context(daemon)
    stack.enter_context(Publisher(daemon, picture="testsrc2=size=320x180:rate=30"))
    daemon.segments("big", 2)
    return Stage(daemon, rtmps_port, folder)


def main(cases, deliver=None, prepare=None, extra="", channels=CHANNELS):
    """Plays a group's cases and prints TAP. `deliver(stage, bytes or segments)` returns the outcome of what is no
    function; `prepare(stage)` makes happen once what happens only once (a first publisher's studio, say), so that
    it is part of what the daemon has to come back to. Arguments: numbers of cases, all without; --slow."""
    chosen = [case for case in cases if case.slow == ("--slow" in sys.argv)]
    wanted = {int(argument) for argument in sys.argv[1:] if argument.isdigit()}
    chosen = [case for case in chosen if not wanted or case.number in wanted]
    report = Report(chosen)
    started = time.monotonic()
    with ExitStack() as stack:
        stage = open_stage(stack, extra, channels)
        if prepare:
            prepare(stage)
        stage.baseline()
        for some in batches(chosen):
            play_some(stage, some, deliver, report)
        log = stage.daemon.text()
        require("\x1b" not in log, "a stranger's escape sequence reached the log")
    print(f"# {len(chosen)} cases in {time.monotonic() - started:.0f} s", flush=True)
    sys.exit(1 if report.failures else 0)


# ---- the table

INTRODUCTION = f"""# What strangers may send

Each row is played against the real daemon while an honest publisher pushes to another channel; some of those that take
long are played three at a time, each on a channel of its own. Afterwards the daemon's processes, descriptors and memory
must be as before; the honest publisher's channel must have repeated and dropped no frame (but for what a machine explains
that was measured to stand still, or to be busy with other things, meanwhile), and its playlist must show neither a
discontinuity nor a gap. Numbers are those of the list of {len(ALL_NUMBERS)} cases that the ingest is held against.
"Published" means that the encoder was told so; rows of `{SLOW}.py` are played by `script/test --all` only.
`tests/scenes/cases.py --table` prints this page.
"""


def groups():
    """(module's name, heading, cases) of those that are there."""
    for name, heading in GROUPS.items():
        if (Path(__file__).parent / f"{name}.py").exists():
            yield name, heading, importlib.import_module(name).CASES


def table():
    parts, seen = [INTRODUCTION], set()
    for name, heading, cases in groups():
        seen |= {case.number for case in cases}
        rows = "".join(f"| {case.number} | {case.what} | {SLOW if case.slow else name}.py | {case.outcome}"
                       f"{': ' + case.why if case.why else ''} |\n" for case in sorted(cases, key=lambda one: one.number))
        parts.append(f"\n## {heading}\n\n| case | what is sent | test | outcome |\n|---|---|---|---|\n{rows}")
    missing = [str(number) for number in ALL_NUMBERS if number not in seen]
    if missing:
        parts.append(f"\nNot played yet: {', '.join(missing)}.\n")
    return "".join(parts)


if __name__ == "__main__":
    if sys.argv[1:] == ["--table"]:
        print(table(), end="")
    else:
        sys.exit("usage: cases.py --table; the cases are played by scene_cases_….py")
