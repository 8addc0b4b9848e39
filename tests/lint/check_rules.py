#!/usr/bin/env python3
"""docs/check-rules.md is what `vitrine check --rules` prints."""
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent


def main():
    said = subprocess.run([TOP / "build" / "vitrine", "check", "--rules"], capture_output=True, text=True, check=True).stdout
    same = said == (TOP / "docs" / "check-rules.md").read_text()
    print("1..1")
    if not same:
        print("# it differs: build/vitrine check --rules > docs/check-rules.md")
    print(f"{'ok' if same else 'not ok'} 1 - docs/check-rules.md is up to date")
    raise SystemExit(0 if same else 1)


if __name__ == "__main__":
    main()
