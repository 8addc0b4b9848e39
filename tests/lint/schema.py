#!/usr/bin/env python3
"""docs/template.schema.json is what the program says of its templates."""
import subprocess
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent

said = subprocess.run([TOP / "build" / "vitrine", "lint", "--schema"], capture_output=True, text=True, check=True).stdout
current = said == (TOP / "docs" / "template.schema.json").read_text()
print("1..1")
if not current:
    print("# it differs: build/vitrine lint --schema > docs/template.schema.json")
print(f"{'' if current else 'not '}ok 1 - docs/template.schema.json is up to date")
raise SystemExit(0 if current else 1)
