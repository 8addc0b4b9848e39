#!/usr/bin/env python3
"""What a channel's configuration changes on air: a portrait canvas, and templates that are saved while they are shown."""
import tempfile
from pathlib import Path

from boxes import cues, frames, timescale
from harness import TOP, Daemon, Publisher, decode_errors, fetch_rendition, http, main, probe, require, wait_for

PORTRAIT = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 360x640, fps: 30, fit: blur}
    renditions:
      - {name: big, size: 360x640, bitrate: 900k}
      - {name: small, size: 180x320, bitrate: 300k}
    slate: {after: 1s, grace: 30s}
    encoder: {preset: ultrafast}
    templates: [%s/samples/templates/product-card.yaml]
""" % TOP
BADGE = """id: com.example.badge
version: %s
name: Badge
canvas: {design: 640x360}
layout:
  id: root
  type: box
  style: {position: absolute, inset: 40px auto auto 40px, width: 200px, height: 100px, background: "%s"}
  hotspot: {action: view_item, item: badge, label: Badge}
"""
WORDS = """  children:
    - {id: words, type: text, text: "%s", style: {font-size: 40px, background: "#000000", %s}}
schema: {properties: {cost: {type: object, gddType: v_money}}}
strings: {en: {price: Price}}
samples: {one: {cost: {amount: 123456789, currency: EUR}}}
"""
# Turning, each of its sheets is drawn anew on every frame: far more than any machine's share of a frame.
SHEETS = 12
HEAVY = """id: com.example.heavy
version: 1.0.0
name: Heavy
canvas: {design: 1280x720}
layout:
  id: root
  type: box
  style: {position: absolute, inset: 0px}
  hotspot: {action: view_item, item: heavy, label: Heavy}
  children:
""" + "".join(f"""    - {{id: sheet{i}, type: box, style: {{position: absolute, inset: 20px, border-radius: 40px,
       background: "linear-gradient(45deg, #ff000040, #0000ff40)", box-shadow: "0 8px 24px #00000066"}}}}
""" for i in range(SHEETS)) + "motion:\n  loop:\n" + "".join(f"""    sheet{i}: {{duration: 4000ms, easing: linear,
      keyframes: [{{transform: rotate(0deg)}}, {{transform: rotate(360deg)}}]}}
""" for i in range(SHEETS))
LARGE = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 1280x720, fps: 30}
    renditions: [{name: big, size: 1280x720, bitrate: 900k}]
    slate: {after: 1s, grace: 30s}
    encoder: {preset: ultrafast}
    templates: [%s]
"""
GREY = "color=c=0x808080:size=640x360:rate=30"


def area(picture, width, left, top, right, bottom):
    """Mean grey inside of the bounds."""
    values = [value for row in range(top, bottom) for value in picture[row * width + left:row * width + right]]
    return sum(values) / len(values)


def scene_a_portrait_channel_blurs_what_does_not_fill_it():
    """A landscape picture stands in the middle, and a blurred copy of it, not black, above and below."""
    with Daemon(channels=PORTRAIT) as daemon, tempfile.TemporaryDirectory() as folder:
        with Publisher(daemon, picture="color=c=white:size=640x360:rate=30"):
            daemon.segments("audio", 1)
            wait_for("the picture", lambda: daemon.state() == "live")
            products = daemon.api("GET", "/v1/products", expect=200)["products"]
            on = daemon.api("POST", "/v1/channels/mango/cues",
                            {"template": "com.example.product-card", "product": products[0]["id"]}, 201)
            wait_for("the card's segment", lambda: daemon.media("small").segments()[-1]["msn"] >= on["msn"])
            index = daemon.playlist("/live/mango/index.m3u8").text
            for name, width, height in (("big", 360, 640), ("small", 180, 320)):
                require(f"RESOLUTION={width}x{height}" in index, f"{name} is not portrait in the playlist")
                path = fetch_rendition(daemon, daemon.media(name), Path(folder) / f"{name}.mp4")
                require(not decode_errors(path), f"{name}: {decode_errors(path)}")
                stream = probe(path, "-show_streams")["streams"][0]
                require((stream["width"], stream["height"]) == (width, height), f"{name}: {stream}")
                first, pictures = frames(path, width, height)
                picture = pictures[on["pts"] // 3000 - first - 1]
                middle = area(picture, width, width // 4, height * 45 // 100, width * 3 // 4, height * 55 // 100)
                top = area(picture, width, width // 4, height * 5 // 100, width * 3 // 4, height * 15 // 100)
                require(middle > 220, f"{name}: the picture is not in the middle: {middle}")
                require(60 < top, f"{name}: {top} above the picture is no blurred copy of white")
            card = next(entry["cue"] for segment in daemon.media("big").segments()
                        for entry in cues(http(daemon.url(segment["uri"]))[2]) if entry["cue"].get("id") == on["id"])
            for spot in card["hs"]:
                x, y, w, h = spot["r"]
                require(0 <= x and x + w <= 100 and 0 <= y and y + h <= 100, f"{spot} is outside of the canvas")


def put(daemon, text, expect):
    return daemon.api("PUT", "/v1/templates/com.example.kept", {"template": text}, expect)


def kept(version, colour):
    """The badge through the API, further right."""
    return (BADGE % (version, colour)).replace("com.example.badge", "com.example.kept").replace("auto 40px", "auto 340px")


def replace_through_the_api(daemon):
    """A broken form is refused by line and column; a good one is on air between two frames. Gives that revision."""
    on = daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.kept", "id": "kept"}, 201)
    refused = put(daemon, kept("1.1.0", "#ff0000").replace("inset:", "inste:"), 422)
    wait_for("its segment", lambda: daemon.media("big").segments()[-1]["msn"] > on["msn"])
    require("inste" in str(refused) and "8" in str(refused), f"no line in {refused}")
    refused = put(daemon, kept("1.1.0", "#ff0000") + WORDS % ("Gap \u0378", "width: 200px"), 422)
    require([(one["line"], one["column"]) for one in refused["errors"]] == [(11, 7)] and "U+0378" in str(refused), f"{refused}")
    require(listed(daemon, "kept")["rev"] == on["rev"], "a template with an error changed what is on air")
    put(daemon, kept("1.2.0", "#000000"), 200)
    return wait_for("the new form", lambda: next((one for one in [listed(daemon, "kept")] if one["rev"] > on["rev"]), None))


def scene_a_saved_template_changes_what_is_on_air():
    """Its new form is the next revision, on that revision's frame; a form with an error changes nothing. As a file, and
    through the API."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "badge.yaml"
        template.write_text(BADGE % ("1.0.0", "#ffffff"))
        with Daemon(templates=[template]) as daemon, Publisher(daemon, picture=GREY, sound=None):
            put(daemon, kept("1.0.0", "#ffffff"), 201)
            daemon.segments("big", 1)
            on = daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.badge", "id": "badge"}, 201)
            wait_for("its segment", lambda: daemon.media("big").segments()[-1]["msn"] > on["msn"])
            template.write_text(BADGE.replace("type: box", "type: bux") % ("1.1.0", "#ff0000"))
            wait_for("the error in the status", lambda: any(
                "bux" in one.get("error", "") for one in templates(daemon)))
            for words, style, error in (("Gap \u0378", "width: 200px", "11:7: error: no font has the character U+0378"),
                                        ("{{ 'price' | t }}", "color: '#303030', width: 200px", "11:7: error: the contrast of"),
                                        ("{{ cost | money }}", "width: 60px, line-clamp: 1", "11:7: error: the price in")):
                template.write_text(BADGE % ("1.1.0", "#ff0000") + WORDS % (words, style))
                wait_for(f"{error} in the status", lambda: any(error in one.get("error", "") for one in templates(daemon)))
            require(listed(daemon)["rev"] == 1, "a template with an error changed what is on air")
            template.write_text(BADGE % ("1.2.0", "#000000"))
            changed = wait_for("the new form", lambda: listed(daemon) if listed(daemon)["rev"] > 1 else None)
            wait_for("the error to go", lambda: not any("error" in one for one in templates(daemon)))
            update = wait_for("it in the stream", lambda: next(
                (entry for entry in revisions(daemon) if entry["cue"]["rev"] == changed["rev"]), None))
            wait_for("one segment more", lambda: daemon.media("big").segments()[-1]["msn"] > update["msn"])
            require(update["cue"]["tpl"] == "com.example.badge@1.2.0", f"template {update['cue']['tpl']}")
            again = replace_through_the_api(daemon)
            second = wait_for("that in the stream", lambda: next(
                (entry for entry in revisions(daemon, "kept") if entry["cue"]["rev"] == again["rev"]), None))
            wait_for("one segment more", lambda: daemon.media("big").segments()[-1]["msn"] > second["msn"])
            require(second["cue"]["tpl"] == "com.example.kept@1.2.0", f"template {second['cue']['tpl']}")
            path = fetch_rendition(daemon, daemon.media("big"), Path(folder) / "v.mp4")
            require("DISCONTINUITY" not in daemon.media("big").text, "what was saved disturbed the show")
        first, pictures = frames(path, 640, 360)
        for revision, left in ((update, 60), (second, 360)):
            at = revision["frame"] - first
            inside = [area(picture, 640, left, 60, left + 160, 120) for picture in pictures[at - 10:at + 10]]
            require(min(inside[:10]) > 220 and max(inside[10:]) < 40, f"around the revision's frame: {inside}")


def scene_what_costs_too_much_loses_its_motion():
    """Before the channel loses a frame: the status names the cue, its motion ends, the show goes on as it was."""
    with tempfile.TemporaryDirectory() as folder:
        template = Path(folder) / "heavy.yaml"
        template.write_text(HEAVY)
        with Daemon(channels=LARGE % template) as daemon, Publisher(daemon, picture=GREY, sound=None):
            daemon.segments("big", 1)
            wait_for("the picture", lambda: daemon.state() == "live")
            on = daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.heavy", "id": "heavy"}, 201)
            overlay = wait_for("the status to say so", lambda: reduced(daemon))
            require(overlay["reduced"] == 1 and overlay["reduced_cues"] == ["heavy"], f"status {overlay}")
            now = daemon.media("big").segments()[-1]["msn"]
            wait_for("segments without it", lambda: daemon.media("big").segments()[-1]["msn"] > now + 1)
            path = fetch_rendition(daemon, daemon.media("big"), Path(folder) / "v.mp4")
            require(not decode_errors(path), decode_errors(path))
            text = daemon.media("big").text
            require("DISCONTINUITY" not in text and "EXT-X-GAP" not in text, "the show was disturbed")
            daemon.api("DELETE", "/v1/channels/mango/cues/heavy")
            wait_for("the status to be rid of it", lambda: not reduced(daemon))
            require(daemon.state() == "live", "the show did not go on")
        first, pictures = frames(path, 1280, 720)
        at = on["pts"] // 3000 - first
        require(len(pictures) > at + 30, f"only {len(pictures)} pictures")
        moved = [sum(abs(a - b) for a, b in zip(one[::97], other[::97])) / len(one[::97])
                 for one, other in ((pictures[at - 1], pictures[at]), (pictures[-8], pictures[-1]))]
        require(moved[0] > 5 and moved[1] < 2, f"between two pictures, as it came and at the end: {moved}")


def reduced(daemon):
    """The overlay's figures once they name a cue that lost its motion."""
    overlay = daemon.api("GET", "/v1/channels/mango/status", expect=200).get("studio", {}).get("overlay", {})
    return overlay if overlay.get("reduced_cues") else None


def listed(daemon, cue="badge"):
    return next(one for one in daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"] if one["id"] == cue)


def templates(daemon):
    return daemon.api("GET", "/v1/channels/mango/status", expect=200)["studio"]["templates"]


def revisions(daemon, cue="badge"):
    """Every start and update of a cue in the big rendition, with its frame and segment."""
    playlist = daemon.media("big")
    scale = timescale(http(daemon.url(playlist.map()))[2])
    return [{**entry, "frame": round(entry["time"] * 30 / scale), "msn": segment["msn"]}
            for segment in playlist.segments() for entry in cues(http(daemon.url(segment["uri"]))[2])
            if entry["cue"].get("id") == cue and entry["cue"]["op"] in ("start", "update")]


if __name__ == "__main__":
    main()
