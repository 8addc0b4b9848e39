#!/usr/bin/env python3
"""The published schema against what loading says: every sample fits both, and what is broken is refused by both.

    schema_holds.py VITRINE TOP

Held by python3-jsonschema, which knows nothing of vitrine. Scalars are texts, as templates' YAML has them.
"""
import copy
import json
import subprocess
import sys
import tempfile
from pathlib import Path

try:
    import jsonschema
    import yaml
except ImportError:
    print("1..0 # SKIP python3-jsonschema or python3-yaml is not installed")
    raise SystemExit(0)

VITRINE, TOP = sys.argv[1], Path(sys.argv[2])
SCHEMA = json.loads(subprocess.run([VITRINE, "lint", "--schema"], capture_output=True, check=True).stdout)
BASE = {"id": "t", "version": "1.0.0", "name": "T",
        "schema": {"type": "object", "properties": {"a": {"type": "string", "gddType": "single-line"}}},
        "layout": {"type": "box", "id": "root", "style": {"position": "absolute", "inset": "safe", "gap": "8px 4px",
                                                          "background": "{color.surface}"},
                   "children": [{"type": "text", "id": "words", "text": "{{ a }}", "style": {"color": "{color.text}"}},
                                {"type": "timer", "id": "clock", "for": "10m", "format": "mm:ss"},
                                {"type": "shape", "shape": "star", "id": "star"}]},
        "variants": [{"when": {"orientation": "portrait"}, "set": {"words": {"style": {"font-size": "20px"}}}}],
        "motion": {"enter": {"root": {"keyframes": [{"opacity": "0"}, {}], "duration": "300ms"}},
                   "change": {"clock": {"effect": "pulse", "duration": "300ms"}}, "reduced": {"enter": "cut"}},
        "samples": {"one": {"a": "x"}}}
CHANGES = [                                  # where, and what stands there; None takes it away
    (["layuot"], {}), (["version"], None), (["id"], "a b"), (["id"], None), (["layout", "type"], "bxo"),
    (["layout", "type"], None), (["layout", "text"], "a"), (["layout", "id"], "a b"), (["layout", "children"], {}),
    (["layout", "style", "gap"], "wide"), (["layout", "style", "colour"], "#fff"), (["layout", "style", "inset"], "1px 2px 3px 4px 5px"),
    (["layout", "style", "position"], "fixed"), (["layout", "style", "background"], "red"), (["layout", "style", "opacity"], "x"),
    (["layout", "children", 0, "text"], None), (["layout", "children", 0, "style", "font-size"], "20"),
    (["layout", "children", 0, "style"], "bold"), (["layout", "children", 0, "step"], "one"),
    (["layout", "children", 0, "hotspot"], {"action": "buy", "label": "a"}), (["layout", "children", 0, "hotspot"], {"action": "view_item"}),
    (["layout", "children", 0, "hotspot"], {"action": "view_item", "label": "a", "min-target": "44"}),
    (["layout", "children", 1, "format"], "ss"), (["layout", "children", 1, "for"], "ten"), (["layout", "children", 1, "up"], "yes"),
    (["layout", "children", 1, "thresholds"], [{"below": "9s"}]), (["layout", "children", 2, "shape"], "hexagon"),
    (["layout", "children", 2, "shape"], None), (["variants", 0, "when"], None), (["variants", 0, "when"], {"colour": "a"}),
    (["variants", 0, "set", "words", "children"], []), (["variants", 0, "set", "words", "style"], {"colour": "#fff"}),
    (["motion", "enter", "root", "keyframes"], [{}]), (["motion", "enter", "root", "keyframes"], [{}, {"blur": "1"}]),
    (["motion", "enter", "root", "duration"], "1"), (["motion", "enter", "root", "duration"], None),
    (["motion", "reduced", "enter"], "fade"), (["motion", "leave"], {}), (["motion", "change", "clock", "effect"], None),
    (["schema", "properties", "a", "gddType"], "v_price"), (["schema", "properties", "a", "type"], None),
    (["layout", "style", "overflow"], "scroll"), (["layout", "style", "direction"], "down"), (["layout", "style", "width"], "3rem"),
    (["layout", "style", "object-position"], "middle"), (["layout", "style", "letter-spacing"], "3%"),
    (["layout", "style", "background"], "conic-gradient(#fff, #000)"), (["layout", "children", 0, "fit"], {"mode": "grow"}),
    (["layout", "children", 0, "fit"], {"speed": "fast"}), (["layout", "children", 1, "at-zero"], {"txt": "a"}),
    (["layout", "children", 1, "at-zero"], {"style": {"colour": "#fff"}}), (["variants", 0, "when"], {"outputs": "main"}),
    (["motion", "loop"], {"root": {"keyframes": [{}, {}], "duration": "1s", "iterations": "many"}}),
    (["motion", "enter", "root", "reduced"], "no"), (["motion", "enter", "root", "keyframes"], [{}, {"offset": "3px"}, {}]),
    (["motion", "exit"], {"root": {"keyframes": [{}, {}], "duration": "1s", "stagger": "1s"}}),
    (["canvas"], {"size": "1x1"}), (["fonts"], "a.ttf"), (["samples"], []),
]


def changed(path, value):
    document = copy.deepcopy(BASE)
    at = document
    for key in path[:-1]:
        at = at[key]
    if value is None:
        del at[path[-1]]
    else:
        at[path[-1]] = value
    return document


def loads(document, folder):
    path = Path(folder) / "t.yaml"
    path.write_text(json.dumps(document))
    return subprocess.run([VITRINE, "lint", path], capture_output=True, cwd=TOP).returncode == 0


def main():
    jsonschema.Draft202012Validator.check_schema(SCHEMA)
    validator = jsonschema.Draft202012Validator(SCHEMA)
    results = []
    for path in sorted((TOP / "samples" / "templates").glob("*.yaml")):
        document = yaml.load(path.read_text(), yaml.BaseLoader)
        error = jsonschema.exceptions.best_match(validator.iter_errors(document))
        results.append((f"{path.name} fits the schema", error and f"{error.json_path}: {error.message}"))
    with tempfile.TemporaryDirectory() as folder:
        results.append(("the plain template fits both", not (validator.is_valid(BASE) and loads(BASE, folder)) and
                        str(jsonschema.exceptions.best_match(validator.iter_errors(BASE)))))
        for path, value in CHANGES:
            document = changed(path, value)
            both = [name for name, good in (("the schema", validator.is_valid(document)), ("lint", loads(document, folder))) if good]
            where = "/".join(str(part) for part in path)
            results.append((f"{where} = {json.dumps(value)} is refused", both and f"{' and '.join(both)} took it"))
    print(f"1..{len(results)}")
    for number, (what, wrong) in enumerate(results, 1):
        if wrong:
            print(f"# {wrong}")
        print(f"{'not ' if wrong else ''}ok {number} - {what}")
    raise SystemExit(1 if any(wrong for _, wrong in results) else 0)


main()
