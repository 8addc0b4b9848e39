#!/usr/bin/env python3
"""docs/ingest-cases.md is the table of the cases that are played."""
import subprocess
import sys
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent


def main():
    printed = subprocess.run([sys.executable, TOP / "tests/scenes/cases.py", "--table"], capture_output=True, text=True,
                             check=False)
    well = printed.returncode == 0 and printed.stdout == (TOP / "docs" / "ingest-cases.md").read_text()
    print("1..1")
    if not well:
        print("".join(f"# {line}\n" for line in printed.stderr.splitlines()), end="")
        print("# it differs: tests/scenes/cases.py --table > docs/ingest-cases.md")
    print(f"{'' if well else 'not '}ok 1 - docs/ingest-cases.md is up to date")
    raise SystemExit(0 if well else 1)


if __name__ == "__main__":
    main()
