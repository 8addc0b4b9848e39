#!/usr/bin/env python3
"""docs/ingest-rules.md names sources, tests and cases that are there, and a proof for every rule."""
import re
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
FOLDERS = ("base", "ingest", "serve", "studio")


def has_test(name):
    """Of `test_FILE: NAME` and `scene_FILE: NAME`."""
    file, test = name.split(": ")
    if file.startswith("scene_"):
        path = TOP / "tests" / "scenes" / f"{file}.py"
        return path.exists() and f"\ndef {test}(" in path.read_text()
    paths = list((TOP / "tests" / "unit").glob(f"*/{file}.c"))
    return any(f"TEST({test})" in (text := path.read_text()) and f"RUN({test});" in text for path in paths)


def main():
    page = (TOP / "docs" / "ingest-rules.md").read_text()
    cases = set(re.findall(r"^\| (\d+) \|", (TOP / "docs" / "ingest-cases.md").read_text(), re.M))
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.startswith("| rule |")]
    problems = []
    for row in rows:
        cells = [cell.strip() for cell in row.strip("|").split("|")]
        if len(cells) != 4:
            problems.append(f"{len(cells)} cells: {row}")
            continue
        proofs = re.findall(r"`([^`]+)`", cells[3])
        problems += [f"no proof: {cells[0]}"] if not proofs else []
        problems += [f"no source {file}" for file in re.findall(r"`([^`]+)`", cells[2])
                     if not any((TOP / folder / file).exists() for folder in FOLDERS)]
        for proof in proofs:
            number = re.fullmatch(r"case (\d+)", proof)
            if not (number[1] in cases if number else re.fullmatch(r"(test|scene)_\w+: \w+", proof) and has_test(proof)):
                problems.append(f"no such proof: {proof}")
    if len(rows) < 50:
        problems.append(f"only {len(rows)} rules were found")
    print("1..1")
    print("".join(f"# {problem}\n" for problem in problems), end="")
    print(f"{'not ' if problems else ''}ok 1 - docs/ingest-rules.md names what is there")
    raise SystemExit(1 if problems else 0)


if __name__ == "__main__":
    main()
