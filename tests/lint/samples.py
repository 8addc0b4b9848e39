#!/usr/bin/env python3
"""The samples keep to one design: the list in docs/templates.md, "How the samples are made". What only pixels tell
(contrast, safe area, targets, text on pictures) is held by the test `samples`, which lints them all."""
import json
import re
import sys
from pathlib import Path

import yaml

TOP = Path(__file__).resolve().parents[2]
SAMPLES = TOP / "samples/templates"
TOKENS = "brand.tokens.json"
TYPE = {24, 28, 36, 56, 80}
FAMILIES = 2
GRID = 4
LANGUAGES = {"en", "zh", "ar"}
AS_WRITTEN = {"flash-sale-card.yaml"}    # shows all of the format; its sizes are its own
COLOURS = {"background", "color"}
LENGTHS = {"gap", "row-gap", "column-gap", "padding", "margin", "width", "height", "min-width", "min-height", "max-width",
           "max-height", "border-radius", "inset", "flex-basis"}


def styles(template):
    """Every style of the nodes and of the variants' patches, with the name of its node."""
    def below(node):
        yield node.get("id", node["type"]), node.get("style", {})
        for child in node.get("children", []):
            yield from below(child)
    yield from below(template["layout"])
    for variant in template.get("variants", []):
        for name, patch in variant["set"].items():
            yield name, patch.get("style", {})


def nodes(node):
    yield node
    for child in node.get("children", []):
        yield from nodes(child)


def check_style(name, style, families):
    for key, value in style.items():
        text = str(value)
        if key == "font-family":
            families.update(part.strip() for part in text.split(","))
        if key == "font-size" and text not in {f"{size}px" for size in TYPE}:
            yield f"{name}: font-size {text} is not on the type scale"
        if key in COLOURS and not re.fullmatch(r"\{color\.[a-z0-9-]+\}", text):
            yield f"{name}: {key} {text} is no token"
        if key == "border" and not text.endswith("}"):
            yield f"{name}: {key} {text} is no token"
        if key in LENGTHS:
            for px in re.findall(r"(-?[\d.]+)px", text):
                if float(px) % GRID:
                    yield f"{name}: {key} {text} is off the {GRID} px grid"


def check(path, tokens):
    template = yaml.safe_load(path.read_text())
    families = {"Noto Sans"}
    if template.get("tokens") != TOKENS:
        yield f"its tokens are not {TOKENS}"
    if set(template.get("strings", {})) < LANGUAGES:
        yield f"strings lack {LANGUAGES - set(template.get('strings', {}))}"
    spoken = {sample.get("lang", "en") for sample in template["samples"].values()}
    if spoken < LANGUAGES:
        yield f"samples lack {LANGUAGES - spoken}"
    words = [set(texts) for texts in template["strings"].values()]
    if any(text != words[0] for text in words):
        yield "strings differ between languages"
    if template.get("motion", {}).get("reduced") != {"enter": "cut", "exit": "cut"}:
        yield "motion has no `reduced` that cuts entry and exit"
    if not any(variant["when"].get("orientation") == "portrait" for variant in template.get("variants", [])):
        if path.name != "lower-third.yaml":
            yield "it has no variant for portrait"
    for node in nodes(template["layout"]):
        if "hotspot" in node and node["hotspot"].get("min-target") != "44px":
            yield f"{node['id']}: its hotspot has no min-target: 44px"
    for name, style in styles(template):
        yield from check_style(name, style, families)
    if len(families) > FAMILIES:
        yield f"more than {FAMILIES} families: {families}"
    for used in set(re.findall(r"\{color\.([a-z0-9-]+)\}", path.read_text())):
        if used not in tokens:
            yield f"there is no token color.{used}"


def main():
    tokens = json.loads((SAMPLES / TOKENS).read_text())["color"]
    paths = sorted(path for path in SAMPLES.glob("*.yaml") if path.name not in AS_WRITTEN)
    bad = [f"{path.name}: {what}" for path in paths for what in check(path, tokens)]
    print("1..1")
    print("\n".join(f"# {line}" for line in bad))
    print(f"{'not ok' if bad or len(paths) < 10 else 'ok'} 1 - {len(paths)} samples keep to one design")
    return bool(bad) or len(paths) < 10


if __name__ == "__main__":
    sys.exit(main())
