#!/usr/bin/env python3
"""Runs the test suites, reads the TAP that each prints, and sums up.

Every test program prints "ok N - name", "not ok N - name" or "ok N - name # SKIP why". A program that ends with
another code than its TAP says, that prints no TAP, or that overruns its time has failed.
"""
import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
LINE = re.compile(r"^(ok|not ok)\b\s*\d*\s*(?:-\s*)?(.*)$")
NOTHING = re.compile(r"^1\.\.0\s*#\s*SKIP", re.I)      # the plan of a program that skips all of itself
FUZZ_SECONDS = 5


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


def run(tally, program, command, limit, env=None, cwd=TOP):
    """Runs a program and counts its TAP. Many work in real time, and a machine that others use may stall: one that
    fails is run once more, and named at the end as unsteady if that goes well."""
    start = time.monotonic()
    output, code = attempt(command, limit, env, cwd)
    if not Tally().read(program, output, code):
        say(f"AGAIN {program} ({time.monotonic() - start:.1f} s)")
        show(output)
        start = time.monotonic()
        output, code = attempt(command, limit, env, cwd)
        if Tally().read(program, output, code):
            tally.unsteady.append(program)
    well = tally.read(program, output, code)
    say(f"{'  ok ' if well else 'FAIL '} {program} ({time.monotonic() - start:.1f} s)")
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


def build(folder, *options, clang=False):
    env = {**os.environ, **({"CC": "clang"} if clang else {})}
    if not (TOP / folder / "build.ninja").exists():
        say(f"==> setting up {folder}/")
        werror = ["--werror"] if os.environ.get("CI") else []
        subprocess.run(["meson", "setup", folder, *options, *werror], cwd=TOP, env=env, check=True,
                       stdout=subprocess.DEVNULL)
    say(f"==> building {folder}/")
    subprocess.run(["ninja", "-C", folder, "--quiet"], cwd=TOP, check=True)


def meson_tests(tally, folder, wanted, suites, env=None, slower=1):
    listed = json.loads(subprocess.run(["meson", "introspect", "--tests", folder], cwd=TOP, check=True,
                                       capture_output=True, text=True).stdout)
    for test in listed:
        suite = {name.split(":")[-1] for name in test["suite"]}
        if suite & suites and wanted(test["name"]):
            run(tally, f"{folder}/{test['name']}", test["cmd"], 120 * slower, {**test["env"], **(env or {})},
                test["workdir"] or TOP / folder)


def scripts(tally, folder, wanted, limit, slow):
    for path in sorted((TOP / "tests" / folder).glob("*")):
        if path.suffix not in (".py", ".mjs", ".sh") or not wanted(path.stem):
            continue
        if folder == "scenes" and not path.stem.startswith(("scene_", "slow_")):
            continue            # what they share
        if path.stem.startswith("slow_") and not slow:
            continue
        interpreter = {".py": ["python3"], ".mjs": ["node"], ".sh": ["bash"]}[path.suffix]
        run(tally, f"{folder}/{path.stem}", [*interpreter, str(path)], limit)


def sanitized(tally, wanted):
    """The unit tests and the corpora under ASan and UBSan, then what has threads under TSan."""
    plain = {"VITRINE_SANDBOX": "off"}
    build("build-asan", "-Db_sanitize=address,undefined", "-Db_lundef=false", clang=True)
    meson_tests(tally, "build-asan", wanted, {"unit", "fuzz"},
                {**plain, "ASAN_OPTIONS": "detect_leaks=1:abort_on_error=0",
                 "LSAN_OPTIONS": f"suppressions={TOP}/tests/lsan.supp:print_suppressions=0",
                 "UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1"}, slower=4)
    build("build-tsan", "-Db_sanitize=thread", "-Db_lundef=false", clang=True)
    meson_tests(tally, "build-tsan", wanted, {"threads"},
                {**plain, "TSAN_OPTIONS": f"halt_on_error=1:suppressions={TOP}/tests/tsan.supp"}, slower=6)


def fuzz(tally, wanted):
    build("build-fuzz", "-Dfuzz=true", "-Db_sanitize=address,undefined", "-Db_lundef=false", clang=True)
    for program in sorted((TOP / "build-fuzz/tests").glob("fuzz_*")):
        if program.is_dir() or not wanted(program.name):
            continue
        found = TOP / "build-fuzz/found" / program.name
        found.mkdir(parents=True, exist_ok=True)
        result = subprocess.run([program, f"-max_total_time={FUZZ_SECONDS}", "-timeout=10", "-rss_limit_mb=2048",
                                 f"-artifact_prefix={found}-", found, TOP / "tests/fuzz/corpus" / program.name],
                                capture_output=True, text=True, errors="replace",
                                env={**os.environ, "VITRINE_SANDBOX": "off",
                                     "LSAN_OPTIONS": f"suppressions={TOP}/tests/lsan.supp:print_suppressions=0"})
        word = "ok" if result.returncode == 0 else "not ok"
        output = f"{word} 1 - {FUZZ_SECONDS} s of fuzzing"
        tally.read(program.name, output, result.returncode)
        say(f"{'  ok ' if result.returncode == 0 else 'FAIL '} {program.name}")
        if result.returncode != 0:
            say(result.stderr[-6000:])


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
    build("build")
    meson_tests(tally, "build", wanted, {"unit", "fuzz", "golden"})
    say("==> lints")
    scripts(tally, "lint", wanted, 300, everything)
    say("==> web")
    for path in sorted((TOP / "web/tests").glob("*.mjs")):
        if wanted(path.stem):
            run(tally, f"web/{path.stem}", ["node", "--test", "--test-reporter=tap", str(path)], 120)
    if not quick:
        say("==> scenes")
        scripts(tally, "scenes", wanted, 600, everything)
        say("==> sanitizers")
        sanitized(tally, wanted)
        if everything:
            say("==> fuzzing")
            fuzz(tally, wanted)

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
