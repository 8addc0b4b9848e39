#!/usr/bin/env python3
"""Every package of the web part runs on the Node.js that Debian 12 has."""
import json
import re
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
DEBIANS = 18
# They ask for a newer one, and were seen to run on Debian's.
RUN_ALL_THE_SAME = {"mp4box": "2.4.1"}


def least_of(engines):
    """The least major version of Node.js that a package asks for; 0 if it does not say."""
    numbers = [int(number) for number in re.findall(r"(?:>=|\^|~|^)\s*(\d+)", engines.get("node", ""))]
    return min(numbers, default=0)


def main():
    packages = json.loads((TOP / "web" / "package-lock.json").read_text())["packages"]
    problems = []
    for path, package in packages.items():
        name, least = path.rpartition("node_modules/")[2], least_of(package.get("engines", {}))
        if least > DEBIANS and RUN_ALL_THE_SAME.get(name) != package["version"]:
            problems.append(f"{name} {package['version']} asks for Node.js {least}: take one for {DEBIANS}")
    print("1..1")
    for problem in problems:
        print(f"# {problem}")
    print("not ok" if problems else "ok", f"1 - the web part's packages run on Node.js {DEBIANS}")
    return 1 if problems else 0


if __name__ == "__main__":
    raise SystemExit(main())
