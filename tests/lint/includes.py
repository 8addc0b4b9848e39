#!/usr/bin/env python3
"""Includes point down (vitrine.c -> serve -> studio -> ingest, overlay, packager -> base), siblings never include each
other, and each header compiles alone."""
import os
import re
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
MAY_USE = {
    "base": {"base"},
    "check": {"check", "base"},
    "ingest": {"ingest", "base"},
    "overlay": {"overlay", "base"},
    "packager": {"packager", "base"},
    "studio": {"studio", "ingest", "overlay", "packager", "base"},
    "serve": {"serve", "studio", "ingest", "overlay", "packager", "base"},
}
INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)
# What pure parts must not touch: no media library, loop, clock, log, socket or thread of theirs.
IMPURE = re.compile(r"libav|libsw|base/(loop|log|message|sandbox|ring|title)\.h|pthread\.h|sys/socket\.h|sys/epoll\.h")
PACKAGES = ["jansson", "cairo", "pangocairo", "libavutil", "libavcodec", "libavformat", "libswscale", "libswresample",
            "sqlite3", "libmicrohttpd", "yaml-0.1", "libsystemd", "libseccomp", "libcrypto", "libssl", "srt", "libcurl",
            "glib-2.0", "fontconfig", "pangoft2"]


def sources():
    for folder in MAY_USE:
        yield from sorted(path for path in (TOP / folder).iterdir() if path.suffix in (".c", ".h", ".def"))


def arrows(path):
    folder = path.parent.name
    for kind, name in INCLUDE.findall(path.read_text()):
        line = f"{path.relative_to(TOP)} includes {name}"
        if kind == '"':
            if not (TOP / name).is_file():
                yield f"{line}, which is no path from the top"
            elif Path(name).parts[0] not in MAY_USE[folder]:
                yield f"{line}, which {folder} may not use"
        elif Path(name).parts[0] in MAY_USE and (TOP / name).is_file():
            yield f"{line} in angle brackets"


def purity(path):
    if path.parent.name not in ("overlay", "packager"):
        return
    for _, name in INCLUDE.findall(path.read_text()):
        if IMPURE.search(name):
            yield f"{path.relative_to(TOP)} includes {name}, but {path.parent.name} is pure"


def once(path):
    if path.suffix == ".h" and "#pragma once" not in path.read_text():
        yield f"{path.relative_to(TOP)} has no #pragma once"


def flags():
    found = subprocess.run(["pkg-config", "--cflags", *PACKAGES], capture_output=True, text=True)
    return shlex.split(found.stdout) if found.returncode == 0 else []


def compiles_alone(path, options):
    command = [*shlex.split(os.environ.get("CC", "cc")), "-std=gnu17", "-D_GNU_SOURCE", "-Wall", "-Wextra", "-Werror",
               "-Wno-unused-parameter", "-fsyntax-only", "-I", str(TOP), *options, "-x", "c", "-"]
    # Twice: a header guards itself.
    text = f'#include "{path.relative_to(TOP)}"\n' * 2
    done = subprocess.run(command, input=text, capture_output=True, text=True)
    return [] if done.returncode == 0 else [f"{path.relative_to(TOP)} does not compile alone:\n{done.stderr}"]


def main():
    paths, options = list(sources()), flags()
    headers = [path for path in paths if path.suffix == ".h"]
    with ThreadPoolExecutor(2) as pool:
        alone = [line for found in pool.map(lambda path: compiles_alone(path, options), headers) for line in found]
    checks = [
        ("includes point down", [line for path in paths for line in arrows(path)]),
        ("pure parts stay pure", [line for path in paths for line in purity(path)]),
        ("headers guard themselves", [line for path in paths for line in once(path)]),
        (f"{len(headers)} headers compile alone", alone),
    ]
    print(f"1..{len(checks)}")
    for number, (what, complaints) in enumerate(checks, 1):
        for complaint in complaints:
            print("\n".join(f"# {line}" for line in complaint.splitlines()))
        print(f"{'not ' if complaints else ''}ok {number} - {what}")
    return 1 if any(complaints for _, complaints in checks) else 0


if __name__ == "__main__":
    sys.exit(main())
