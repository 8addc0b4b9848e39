#!/usr/bin/env python3
"""The slow cases of all groups, each group with a daemon of its own."""
import subprocess
import sys
from pathlib import Path

import cases

HERE = Path(__file__).parent


def main():
    slow = [name for name, _, all_cases in cases.groups() if any(case.slow for case in all_cases)]
    codes = [subprocess.run([sys.executable, HERE / f"{name}.py", "--slow"], check=False).returncode for name in slow]
    if not slow:
        print("1..0 # SKIP no case is slow")
    sys.exit(1 if any(codes) else 0)


if __name__ == "__main__":
    main()
