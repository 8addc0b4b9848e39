#!/usr/bin/env python3
"""Plain rules for every text file: no tabs or trailing blanks, a final line end, no invisible characters, no file
grown past its size, scripts executable."""
import os
import re
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
CODE = {".c", ".h", ".def", ".py", ".mjs", ".js", ".css", ".html", ".sh", ".build"}
LINES_MAX = 1200
INVISIBLE = re.compile("[\u200b\u200e\u200f\u202a-\u202e\ufeff]")


def tracked():
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=TOP, capture_output=True, check=True).stdout
    return [TOP / name for name in listed.decode().split("\0") if name and (TOP / name).is_file()]


def complaints(path):
    data = path.read_bytes()
    if b"\0" in data or "corpus" in path.parts:
        return
    text = data.decode("utf-8")
    if data and not data.endswith(b"\n"):
        yield "no line end at the end"
    if "\r" in text:
        yield "a carriage return"
    if path.suffix in CODE or "script" in path.parts:
        yield from code_complaints(text)
    if text.startswith("#!") and not os.access(path, os.X_OK) and path.parent.name in ("script", ".ci"):
        yield "not executable"


def code_complaints(text):
    for number, line in enumerate(text.split("\n"), 1):
        if "\t" in line:
            yield f"line {number}: a tab"
        if line != line.rstrip():
            yield f"line {number}: blanks at the end"
        if INVISIBLE.search(line):
            yield f"line {number}: an invisible character"
    if text.count("\n") > LINES_MAX:
        yield f"{text.count(chr(10))} lines; more than {LINES_MAX}"


def main():
    files = tracked()
    failures = [f"{path.relative_to(TOP)}: {what}" for path in files for what in complaints(path)]
    for failure in failures:
        print(f"# {failure}")
    print("1..1")
    print(f"{'not ok' if failures else 'ok'} 1 - {len(files)} files are tidy")
    raise SystemExit(1 if failures else 0)


if __name__ == "__main__":
    main()
