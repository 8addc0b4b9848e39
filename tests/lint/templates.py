#!/usr/bin/env python3
"""Every example in docs/templates.md is a template, nodes of one, or keys of one, and lint has nothing to say about it;
every node of the format has a picture there (script/draw-pictures draws them from the examples)."""
import re
import subprocess
import sys
import tempfile
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
PAGE = TOP / "docs" / "templates.md"
NODES = ("box", "text", "number", "image", "timer", "ticker", "progress", "shape", "qr", "svg", "repeat")
HEAD = """id: com.example.page
version: 1.0.0
name: Page
schema: { type: object, properties: { product: { type: object, gddType: v_product }, offer: { type: object, gddType: v_offer } } }
samples: { one: { product: sample:headphones } }
"""
LAYOUT = """layout:
  type: box
  style: { position: absolute, inset: safe, flex-direction: column, align-items: flex-start }
  children:
"""
CARD = """    - id: card
      type: box
      style: { flex-direction: column, padding: 24px, background: "#000000" }
      children:
        - { id: now, type: number, value: "{{ price.current }}", style: { font-size: 56px } }
        - { id: stock, type: text, text: "{{ stock.available }}", style: { font-size: 28px } }
"""


def examples():
    """(line, text) of each example."""
    page = PAGE.read_text()
    for found in re.finditer(r"^```yaml\n(.*?)^```$", page, re.M | re.S):
        yield page[:found.start()].count("\n") + 2, found[1]


def whole(example):
    """An example as a template of its own."""
    if example.startswith("id:"):
        return example
    if example.startswith("- "):
        return HEAD + LAYOUT + "".join(f"    {line}\n" for line in example.splitlines())
    return HEAD + LAYOUT + CARD + example


def node_example(name):
    """The example below the picture of a node."""
    found = re.search(rf"^!\[{name}\]\(pictures/node-{name}\.png\)\n\n```yaml\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    return found and found[1]


def complaints():
    with tempfile.TemporaryDirectory() as folder:
        paths = []
        for line, text in examples():
            paths.append(Path(folder) / f"example-of-line-{line}.yaml")
            paths[-1].write_text(whole(text))
        done = subprocess.run([TOP / "build" / "vitrine", "lint", *paths], cwd=TOP, capture_output=True, text=True)
        lines = (done.stdout + done.stderr).replace(folder + "/", "").splitlines()
        if done.returncode and not lines:
            lines = [f"lint ended with {done.returncode}"]
        return lines + ([] if len(paths) > len(NODES) else ["the page has too few examples"])


def main():
    missing = [f"{name} has no picture with its example" for name in NODES
               if not node_example(name) or not (TOP / "docs" / "pictures" / f"node-{name}.png").exists()]
    checks = [("the examples of docs/templates.md are right", complaints()), ("every node has its picture", missing)]
    print(f"1..{len(checks)}")
    for number, (what, said) in enumerate(checks, 1):
        print("".join(f"# {line}\n" for line in said), end="")
        print(f"{'not ' if said else ''}ok {number} - {what}")
    return any(said for _, said in checks)


if __name__ == "__main__":
    sys.exit(main())
