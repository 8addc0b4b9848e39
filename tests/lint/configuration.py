#!/usr/bin/env python3
"""docs/configuration.md is what the program says of its configuration, and the sample configuration is a good one."""
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
VITRINE = TOP / "build" / "vitrine"


def check_page():
    said = subprocess.run([VITRINE, "--help-config"], capture_output=True, text=True, check=True).stdout
    if said != (TOP / "docs" / "configuration.md").read_text():
        return ["it differs: build/vitrine --help-config > docs/configuration.md"]
    return []


def check_samples():
    said = subprocess.run([VITRINE, "lint", TOP / "samples" / "vitrine.yaml"], capture_output=True, text=True)
    return (said.stdout + said.stderr).splitlines() if said.returncode else []


def main():
    checks = [("docs/configuration.md is up to date", check_page()), ("the sample configuration is right", check_samples())]
    print(f"1..{len(checks)}")
    for number, (what, complaints) in enumerate(checks, 1):
        print("".join(f"# {line}\n" for line in complaints), end="")
        print(f"{'not ' if complaints else ''}ok {number} - {what}")
    raise SystemExit(1 if any(complaints for _, complaints in checks) else 0)


if __name__ == "__main__":
    main()
