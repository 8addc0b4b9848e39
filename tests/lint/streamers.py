#!/usr/bin/env python3
"""docs/streamers.md names every refusal in the words that the program uses, and none that it does not."""
import re
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent.parent
LITERAL = r'"((?:[^"\\]|\\.)*)"'
TOLD = [                                 # file, what a refusal looks like in it
    ("serve/program.c", rf"return {LITERAL};"),
    ("serve/program.c", rf"vt_publisher_stop\([^;]*?{LITERAL}\);"),
    ("serve/supervisor.c", rf"vt_publisher_stop\([^;]*?{LITERAL}\);"),
    ("serve/supervisor.c", rf"vt_program_end\([^;]*?{LITERAL}\);"),
    ("serve/policy.h", rf"#define VT_REFUSED_WORDS {LITERAL}"),
    ("serve/gates.h", rf"#define VT_SHUTDOWN_WORDS {LITERAL}"),
    ("serve/crashes.h", rf"#define VT_CRASHES_WORDS +{LITERAL}"),
    ("ingest/gate_connection.c", rf"error == -\w+ \? {LITERAL}"),
    ("ingest/gate_connection.c", rf"\n +: {LITERAL};"),
    ("ingest/decode.c", rf"->why = (?:[^;\"]*? \? )?{LITERAL}"),
    ("ingest/decode.c", rf"->why = [^;]*? : {LITERAL};"),
    ("serve/excess.c", rf"snprintf\(out, VT_EXCESS_WORDS, {LITERAL},"),
    ("serve/gates.c", rf"words_down = {LITERAL};"),
    *[(f"ingest/{name}.c", rf"\*why = {LITERAL};\s*return -ERANGE;")
      for name in ("codec_config", "hevc_config", "av1_config", "vpx_config", "sound_config", "decode_check")],
]


def text_of(path):
    """A source with literals that stand beside each other joined."""
    return re.sub(r'"\s*\\?\n?\s*"', "", (TOP / path).read_text())


def with_numbers(words):
    """The pattern of what is told, where numbers are put into it."""
    return re.compile(r"[\d.]+".join(re.escape(part) for part in re.split(r"%(?:lld|d|\.4g)", words)))


def main():
    page = (TOP / "docs" / "streamers.md").read_text()
    sources = "".join(text_of(path.relative_to(TOP)) for folder in ("ingest", "serve")
                      for path in sorted((TOP / folder).glob("*.[ch]")))
    said = {words for path, pattern in TOLD for words in re.findall(pattern, text_of(path), re.S) if " " in words}
    rows = re.findall(r"^\| `([^`]+)` \|", page, re.M)
    problems = [f"the page does not name: {words}" for words in sorted(said)
                if not with_numbers(words).search(page)]
    # a refusal of a codec is put together from its parts
    parts = {row: re.split(r" is not supported: set the encoder to (?=H|AAC)", row) for row in rows}
    problems += [f"no source says: {row}" for row in rows
                 if not (row in sources or any(with_numbers(words).fullmatch(row) for words in said) or
                         (len(parts[row]) == 2 and parts[row][1] in sources))]
    if len(said) < 15 or len(rows) < 20:
        problems.append(f"only {len(said)} refusals in the sources and {len(rows)} on the page were found")
    print("1..1")
    print("".join(f"# {problem}\n" for problem in problems), end="")
    print(f"{'not ' if problems else ''}ok 1 - docs/streamers.md tells refusals in the program's words")
    raise SystemExit(1 if problems else 0)


if __name__ == "__main__":
    main()
