#!/usr/bin/env python3
"""Runs the test suites, reads the TAP that each prints, and sums up.

Every test program prints "ok N - name", "not ok N - name" or "ok N - name # SKIP why". A program that ends with
another code than its TAP says, that prints no TAP, or that overruns its time has failed.
"""
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor, as_completed
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^(ok|not ok)\b\s*\d*\s*(?:-\s*)?(.*)$")
NOTHING = re.compile(r"^1\.\.0\s*#\s*SKIP", re.I)      # the plan of a program that skips all of itself
FUZZ_SECONDS = 5
CORES = os.cpu_count() or 1
# Scenes that need little of a machine and hold no stranger's effect on a neighbour against its frames: as many of these
# run at a time as there are cores, two at most. The longest come first.
LIGHT = ("kills", "check", "outputs", "publish", "enhanced_rtmp", "srt", "bad_input", "frames", "rtmps", "offline",
         "channels", "pictures", "producer", "keys", "webhook", "listeners", "sandbox", "status")
SANITIZED = ("-Db_sanitize=address,undefined", "-Db_lundef=false", "-Dfuzz=true")
QUICK_TO_BUILD = ("-Doptimization=1", "-Dc_args=-gline-tables-only")


class Tally:
    def __init__(self):
        self.passed, self.failed, self.skipped, self.unsteady = 0, [], [], []

    def read(self, program, output, code):
        """Counts one program's TAP; says whether all of it was well."""
        seen, failures = 0, 0
        for line in output.splitlines():
            match = LINE.match(line)
            if NOTHING.match(line):
                seen += 1
                self.skipped.append(f"{program}: {line}")
            if not match:
                continue
            seen += 1
            name = f"{program}: {match[2]}"
            if re.search(r"#\s*SKIP", line, re.I):
                self.skipped.append(name)
            elif match[1] == "ok":
                self.passed += 1
            else:
                self.failed.append(name)
                failures += 1
        if seen == 0 or (code != 0 and failures == 0):
            self.failed.append(f"{program}: ended with {code} after {seen} results")
            failures += 1
        return failures == 0


def say(text):
    print(text, flush=True)


class Job:
    """A program that prints TAP."""

    needs = ()                           # what has to be built for it

    def __init__(self, program, command, limit, env=None, cwd=TOP):
        self.program, self.command, self.limit, self.env, self.cwd = program, command, limit, env, cwd

    def run(self):
        """(output, exit code, seconds)"""
        start = time.monotonic()
        return (*attempt(self.command, self.limit, self.env, self.cwd), time.monotonic() - start)


def run_all(tally, jobs, at_once=1):
    """Runs programs, so many at a time, and counts their TAP. Many work in real time, and a machine that others use may
    stall: one that fails is run once more, alone, and named at the end as unsteady if that goes well."""
    again = []
    with ThreadPoolExecutor(at_once) as pool:
        running = {pool.submit(job.run): job for job in jobs}
        for done in as_completed(running):
            job, (output, code, seconds) = running[done], done.result()
            if Tally().read(job.program, output, code):
                note(tally, job, output, code, seconds)
                continue
            say(f"AGAIN {job.program} ({seconds:.1f} s)")
            show(output)
            again.append(job)
    for job in again:
        output, code, seconds = job.run()
        if Tally().read(job.program, output, code):
            tally.unsteady.append(job.program)
        note(tally, job, output, code, seconds)


def note(tally, job, output, code, seconds):
    well = tally.read(job.program, output, code)
    say(f"{'  ok ' if well else 'FAIL '} {job.program} ({seconds:.1f} s)")
    show(output if not well else "\n".join(line for line in output.splitlines() if "# SKIP" in line))


def attempt(command, limit, env, cwd):
    """(output, exit code) of one run within `limit` seconds."""
    process = subprocess.Popen(command, cwd=cwd, env={**os.environ, **(env or {})}, stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, errors="replace",
                               start_new_session=True)
    try:
        output, _ = process.communicate(timeout=limit)
        return output, process.returncode
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
        return (output or "") + f"\nnot ok - still running after {limit} s", -9


def show(output):
    for line in output.splitlines():
        say(f"        {line}")


def set_up(folder, *options, clang=False):
    if (TOP / folder / "build.ninja").exists():
        return
    say(f"==> setting up {folder}/")
    env = {**os.environ, **({"CC": "clang"} if clang else {}), **({"CC_LD": "lld"} if clang and shutil.which("ld.lld") else {})}
    werror = ["--werror"] if os.environ.get("CI") else []
    subprocess.run(["meson", "setup", folder, *options, *werror], cwd=TOP, env=env, check=True, stdout=subprocess.DEVNULL)


def build(folder, targets=()):
    """All of a folder, or just some of its files."""
    say(f"==> building {folder}/")
    subprocess.run(["ninja", "-C", folder, "--quiet", *targets], cwd=TOP, check=True)


def introspect(folder, what):
    return json.loads(subprocess.run(["meson", "introspect", f"--{what}", folder], cwd=TOP, check=True, capture_output=True,
                                     text=True).stdout)


def meson_tests(folder, wanted, suites, env=None, slower=1):
    targets = {target["id"]: target["filename"] for target in introspect(folder, "targets")}
    made = {filename for filenames in targets.values() for filename in filenames}
    jobs = []
    for test in introspect(folder, "tests"):
        if not {name.split(":")[-1] for name in test["suite"]} & suites or not wanted(test["name"]):
            continue
        job = Job(f"{folder}/{test['name']}", test["cmd"], 240 * slower, {**test["env"], **(env or {})},
                  test["workdir"] or TOP / folder)
        needed = {word for word in job.command if word in made}.union(*(targets.get(one, ()) for one in test["depends"]))
        job.needs = sorted(os.path.relpath(path, TOP / folder) for path in needed)
        jobs.append(job)
    return jobs


def scripts(folder, wanted, limit, slow=False):
    interpreters = {".py": ["python3"], ".mjs": ["node"], ".sh": ["bash"]}
    return [Job(f"{folder}/{path.stem}", [*interpreters[path.suffix], str(path)], limit)
            for path in sorted((TOP / "tests" / folder).glob("*"))
            if path.suffix in interpreters and wanted(path.stem)
            and (folder != "scenes" or path.stem.startswith("scene_") or (slow and path.stem.startswith("slow_")))]


def scenes(tally, wanted, everything):
    jobs = {job.program: job for job in scripts("scenes", wanted, 900, everything)}
    light = [jobs.pop(name) for name in (f"scenes/scene_{scene}" for scene in LIGHT) if name in jobs]
    run_all(tally, light, min(CORES, 2))
    run_all(tally, jobs.values())


def sanitized(tally, wanted):
    """The unit tests and a short run of every fuzz target (which reads its corpus first) under ASan and UBSan, then what
    has threads under TSan."""
    plain = {"VITRINE_SANDBOX": "off", "LSAN_OPTIONS": f"suppressions={TOP}/tests/lsan.supp:print_suppressions=0",
             "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0", "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}
    set_up("build-fuzz", *SANITIZED, *QUICK_TO_BUILD, clang=True)
    jobs = meson_tests("build-fuzz", wanted, {"unit"}, plain, slower=4) + fuzzers(wanted, plain)
    if jobs:
        build("build-fuzz", sorted({target for job in jobs for target in job.needs}))
        run_all(tally, jobs, CORES)
    set_up("build-tsan", "-Db_sanitize=thread", "-Db_lundef=false", *QUICK_TO_BUILD, clang=True)
    jobs = meson_tests("build-tsan", wanted, {"threads"}, {
        **plain, "TSAN_OPTIONS": f"halt_on_error=1:suppressions={TOP}/tests/tsan.supp"}, slower=6)
    if jobs:
        build("build-tsan", sorted({target for job in jobs for target in job.needs}))
        run_all(tally, jobs)


def fuzzers(wanted, env):
    """What they find stays in build-fuzz/found/, and the inputs that broke them beside it."""
    jobs = []
    for source in sorted((TOP / "tests/fuzz").glob("*/fuzz_*.c")):
        name = source.stem
        if not wanted(name):
            continue
        found = TOP / "build-fuzz/found" / name
        found.mkdir(parents=True, exist_ok=True)
        command = [TOP / "build-fuzz/tests" / name, f"-max_total_time={FUZZ_SECONDS}", "-timeout=20", "-rss_limit_mb=2048",
                   f"-artifact_prefix={found}-", found, TOP / "tests/fuzz/corpus" / name]
        jobs.append(FuzzJob(name, list(map(str, command)), 240, env))
        jobs[-1].needs = [f"tests/{name}"]
    return jobs


class FuzzJob(Job):
    """libFuzzer prints no TAP: how it ends is the result."""

    def run(self):
        output, code, seconds = super().run()
        if code == 0:
            return "ok 1 - runs without a complaint\n", 0, seconds
        return f"{output[-6000:]}\nnot ok 1 - runs without a complaint\n", code, seconds


def main():
    arguments = sys.argv[1:]
    quick, everything = "--quick" in arguments, "--all" in arguments
    names = [argument for argument in arguments if not argument.startswith("--")]
    unknown = [argument for argument in arguments if argument.startswith("--") and argument not in ("--quick", "--all")]
    if unknown:
        sys.exit(f"script/test: what is {unknown[0]}? There are --quick, --all and names of tests.")
    wanted = (lambda name: any(part in name for part in names)) if names else (lambda name: True)
    tally = Tally()

    say("==> unit tests, goldens and corpora")
    set_up("build")
    build("build")
    run_all(tally, meson_tests("build", wanted, {"unit", "fuzz", "golden"}), CORES)
    say("==> lints and web")
    run_all(tally, scripts("lint", wanted, 300) +
            [Job(f"web/{path.stem}", ["node", "--test", "--test-reporter=tap", str(path)], 120)
             for path in sorted((TOP / "web/tests").glob("*.mjs")) if wanted(path.stem)], CORES)
    if not quick:
        say("==> scenes")
        scenes(tally, wanted, everything)
        say("==> sanitizers and fuzzing")
        sanitized(tally, wanted)

    for name in tally.unsteady:
        say(f"unsteady: {name} failed at first")
    for name in tally.skipped:
        say(f"skipped: {name}")
    for name in tally.failed:
        say(f"FAILED: {name}")
    say(f"{tally.passed} passed, {len(tally.failed)} failed, {len(tally.skipped)} skipped")
    sys.exit(1 if tally.failed or tally.passed == 0 else 0)


if __name__ == "__main__":
    main()
