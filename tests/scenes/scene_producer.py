#!/usr/bin/env python3
"""A producer at work on a template: preview --watch beside the editor, contact sheets, lint on what is drawn."""
import contextlib
import struct
import subprocess
import tempfile
import threading
from pathlib import Path

from harness import TOP, VITRINE, main, require, wait_for

CARD = """id: com.example.card
version: 1.0.0
name: Card
schema: {{ type: object, properties: {{ word: {{ type: string, default: Hello }} }} }}
canvas: {{ design: 1920x1080, safe: auto }}
layout:
  type: box
  style: {{ position: absolute, inset: safe }}
  children:
    - {{ type: text, text: "{{{{ word }}}}", style: {{ font-size: 48px, background: "{}" }} }}
"""
SAMPLE = "samples: { one: { word: Hi } }\n"


class Watched:
    """A preview that watches; `said` is all that it has said so far."""

    def __init__(self, *arguments):
        self.said = ""
        self.process = subprocess.Popen([VITRINE, "preview", *arguments, "--watch"], stdout=subprocess.PIPE,
                                        stderr=subprocess.STDOUT, text=True)
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.process.stdout:
            self.said += line

    def wait(self, text, after):
        return wait_for(f"{text} after {self.said[after:]!r}", lambda: text in self.said[after:])


@contextlib.contextmanager
def watched(*arguments):
    one = Watched(*arguments)
    try:
        yield one
    finally:
        one.process.terminate()
        one.process.wait(10)
        one.reader.join(10)


def scene_preview_draws_again_when_a_template_is_saved():
    with tempfile.TemporaryDirectory() as folder:
        shop = Path(folder) / "shop"
        shop.mkdir()
        card, data, out = shop / "card.yaml", shop / "data.json", shop / "card.png"
        card.write_text(CARD.format("#000000"))
        data.write_text('{"word": "Hello"}')
        with watched(card, "--data", data, "--size", "320x180", "--out", out) as preview:
            preview.wait("card.png: drawn", 0)
            first, at = out.read_bytes(), len(preview.said)
            card.write_text(CARD.format("#ff0000"))                  # in place
            preview.wait("drawn", at)
            second, at = out.read_bytes(), len(preview.said)
            require(second != first, "it drew the same")
            card.write_text(CARD.format("#00ff00").replace("type: text", "type: txet"))
            preview.wait("as it was", at)
            require("card.yaml:10:" in preview.said[at:] and "error: " in preview.said[at:], preview.said[at:])
            require(out.read_bytes() == second, "a broken template changed the picture")
            at = len(preview.said)
            aside = shop / ".card.yaml.swp"                          # aside, and renamed
            aside.write_text(CARD.format("#00ff00"))
            aside.rename(card)
            preview.wait("drawn", at)
            third, at = out.read_bytes(), len(preview.said)
            require(third not in (first, second), "it drew the same after it was mended")
            data.write_text('{"word": "Ciao",')
            preview.wait("as it was", at)
            require("data.json:1:" in preview.said[at:], preview.said[at:])
            at = len(preview.said)
            data.write_text('{"word": "Ciao"}')
            preview.wait("drawn", at)
            require(out.read_bytes() != third, "new data drew the same")
            require(not list(shop.glob("*.tmp")), "something was left behind")
            require(preview.process.poll() is None, "it ended by itself")


def scene_contact_sheet_has_a_cell_for_everything():
    with tempfile.TemporaryDirectory() as folder:
        out, template = Path(folder) / "sheet.png", TOP / "samples/templates/product-card.yaml"
        done = run("contact-sheet", template, "--samples", "en,ar", "--sizes", "640x360", "--languages", "en,ar", "--at",
                   "0,rest", "--out", out)
        require(done.returncode == 0 and "8 pictures, 0 of them marked" in done.stdout, f"{done}")
        width, height = struct.unpack(">II", out.read_bytes()[16:24])
        require(width > 2 * 480 and height > 4 * 270, f"{width} x {height}")
        for wrong, what in ((("--sizes", "9x9"), "--sizes"), (("--at", "soon"), "--at"), (("--samples", "nobody"), "nobody")):
            done = run("contact-sheet", template, *wrong, "--out", out)
            require(done.returncode in (1, 2) and what in done.stderr, f"{wrong}: {done}")
        many = ",".join(["640x360"] * 8), ",".join(str(second) for second in range(16))
        done = run("contact-sheet", template, "--sizes", many[0], "--at", many[1], "--out", out)
        require(done.returncode == 1 and "limits 400" in done.stderr, f"{done}")


def scene_contact_sheet_marks_what_lint_finds():
    with tempfile.TemporaryDirectory() as folder:
        card, out = Path(folder) / "card.yaml", Path(folder) / "sheet.png"
        card.write_text(CARD.format("transparent") + SAMPLE)
        done = run("contact-sheet", card, "--out", out)
        require(done.returncode == 0 and "2 pictures, 2 of them marked" in done.stdout, f"{done}")
        card.write_text(CARD.format("#000000") + SAMPLE)
        done = run("contact-sheet", card, "--out", out)
        require(done.returncode == 0 and "2 pictures, 0 of them marked" in done.stdout, f"{done}")


def run(*arguments):
    return subprocess.run([VITRINE, *arguments], cwd=TOP, capture_output=True, text=True, timeout=120)


if __name__ == "__main__":
    main()
