#!/usr/bin/env python3
"""Pixels, cue and rectangle stand on one frame: over a flat source, the pictures that differ inside the hotspot are
those from the cue's pts to the one before its end, in every rendition; and a price changes on its revision's frame."""
import tempfile
from pathlib import Path

from boxes import cues, frames, timescale
from harness import Daemon, Publisher, fetch_rendition, http, main, require, wait_for

FLAT = "color=c=0x808080:size=640x360:rate=30"
SIZES = {"big": (640, 360), "small": (320, 180)}
STEP = 3000                    # 90 kHz ticks of a frame at 30 a second


def rectangle(percent, width, height, inset=1):
    """Pixel bounds inside a rectangle in percent, a little smaller so that a neighbour's pixels do not count."""
    x, y, w, h = percent
    return (int(x * width / 100) + inset, int(y * height / 100) + inset,
            int((x + w) * width / 100) - inset, int((y + h) * height / 100) - inset)


def difference(a, b, width, bounds):
    """Mean absolute difference of two grey pictures inside the bounds."""
    left, top, right, bottom = bounds
    total = count = 0
    for row in range(top, bottom):
        at = row * width
        for one, two in zip(a[at + left:at + right], b[at + left:at + right]):
            total += abs(one - two)
            count += 1
    return total / max(1, count)


def changed_span(pictures, width, bounds, start, end, threshold=1.5):
    """First and last index at which the picture differs, inside the bounds, from the one two before `start`. Only a
    little around the cue is looked at: before it the source may not have been there yet, after it no longer."""
    differing = [index for index in range(start - 12, min(len(pictures), end + 12))
                 if difference(pictures[index], pictures[start - 2], width, bounds) > threshold]
    return (differing[0], differing[-1]) if differing else None


def drawn_box(picture, empty, width, height, threshold=12):
    """Bounding box of what differs from the empty picture."""
    rows, columns = set(), set()
    for row in range(height):
        at = row * width
        line = [index for index in range(width) if abs(picture[at + index] - empty[at + index]) > threshold]
        if line:
            rows.add(row)
            columns.update((line[0], line[-1]))
    return (min(columns), min(rows), max(columns) + 1, max(rows) + 1) if rows else None


def all_cues(daemon, name):
    """Every emsg of a rendition, with the frame that it names and the frames of the segment that carries it."""
    playlist = daemon.media(name)
    scale = timescale(http(daemon.url(playlist.map()))[2])
    out = []
    for segment in playlist.segments():
        for entry in cues(http(daemon.url(segment["uri"]))[2]):
            out.append({**entry, "frame": round(entry["time"] * 30 / scale), "msn": segment["msn"],
                        "segment": segment})
    return out


def scene_card_on_air_to_the_frame():
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        with Publisher(daemon, picture=FLAT, sound=None):
            daemon.segments("big", 1)
            products = daemon.api("GET", "/v1/products", expect=200)["products"]
            product = next(one for one in products if one["price"]["currency"] == "EUR")
            on = daemon.api("POST", "/v1/channels/mango/cues",
                            {"template": "com.example.product-card", "product": product["id"], "id": "card"}, 201)
            require(on["id"] == "card" and on["rev"] == 1 and on["pts"] % STEP == 0, f"receipt {on}")
            wait_for("the card's segment", lambda: daemon.media("big").segments()[-1]["msn"] > on["msn"])
            member = "sale_price" if product.get("sale_price") else "price"
            lower = {"amount": product[member]["amount"] - 1111, "currency": "EUR"}
            daemon.api("PATCH", f"/v1/products/{product['id']}", {member: lower}, 200)
            changed = wait_for("the price's revision", lambda: next(
                (cue for cue in daemon.api("GET", "/v1/channels/mango/cues", expect=200)["cues"]
                 if cue["id"] == "card" and cue["rev"] >= 2), None))
            wait_for("its segment", lambda: any(
                entry["cue"].get("id") == "card" and entry["cue"]["rev"] == 2 and entry["cue"]["op"] == "update"
                for entry in all_cues(daemon, "big")))
            daemon.api("DELETE", "/v1/channels/mango/cues/card")
            ended = wait_for("the end in the stream", lambda: next(
                (entry for entry in all_cues(daemon, "big")
                 if entry["cue"].get("id") == "card" and entry["cue"]["op"] == "end"), None))
            wait_for("one segment more", lambda: daemon.media("big").segments()[-1]["msn"] > ended["msn"])

        carried = {name: all_cues(daemon, name) for name in SIZES}
        told = [{key: value for key, value in entry.items() if key in ("frame", "msn", "id", "cue")}
                for entry in carried["big"]]
        require(told == [{key: value for key, value in entry.items() if key in ("frame", "msn", "id", "cue")}
                         for entry in carried["small"]], "the renditions carry different cues")
        card = [entry for entry in carried["big"] if entry["cue"].get("id") == "card" and entry["cue"]["op"] != "snap"]
        start, update, end = card[0], next(e for e in card if e["cue"]["rev"] == 2), card[-1]
        require(start["cue"]["op"] == "start" and start["cue"]["pts"] == on["pts"], "pts of receipt and cue")
        require(start["frame"] * STEP == on["pts"] and start["msn"] == on["msn"], "place of the start")
        require(update["cue"]["price"] == {"a": lower["amount"], "c": "EUR"}, f"price {update['cue']['price']}")
        require(update["frame"] * STEP == update["cue"]["pts"] == changed["pts"], "pts of the price's revision")
        require(end["cue"]["hs"] == [] and end["cue"]["ends"] == end["cue"]["t"], "the end still has hotspots")
        for entry in card:
            require(entry["duration"] * 4 >= entry["timescale"], "an emsg of less than a quarter second")

        for name, (width, height) in SIZES.items():
            path = fetch_rendition(daemon, daemon.media(name), Path(folder) / f"{name}.mp4")
            first, pictures = frames(path, width, height)
            empty = pictures[start["frame"] - first - 2]
            target = next(spot for spot in start["cue"]["hs"] if spot["act"] in ("add_to_cart", "view_item"))
            bounds = rectangle(target["r"], width, height)
            span = changed_span(pictures, width, bounds, start["frame"] - first, end["frame"] - first)
            require(span is not None, f"{name}: nothing was drawn inside {target}")
            require(span[0] + first == start["frame"], f"{name}: first frame {span[0] + first}, cue {start['frame']}")
            require(span[1] + first == end["frame"] - 1, f"{name}: last frame {span[1] + first}, end {end['frame']}")
            # The price: around its revision's frame the card is at rest, so just the price changes, on that frame.
            at = update["frame"] - first
            card_bounds = rectangle(max((spot["r"] for spot in start["cue"]["hs"]), key=lambda r: r[2] * r[3]),
                                    width, height)
            steps = [difference(pictures[index - 1], pictures[index], width, card_bounds)
                     for index in range(at - 8, at + 9)]
            require(max(range(len(steps)), key=steps.__getitem__) == 8, f"{name}: the price changed elsewhere: {steps}")
            check_rectangles(name, pictures[at - 5], empty, start["cue"]["hs"], width, height)
        check_dateranges(daemon, card)


def check_rectangles(name, picture, empty, hotspots, width, height):
    """The largest rectangle and the bounding box of what is drawn agree within a pixel."""
    box = drawn_box(picture, empty, width, height)
    x, y, w, h = max((spot["r"] for spot in hotspots), key=lambda r: r[2] * r[3])
    solved = (x * width / 100, y * height / 100, (x + w) * width / 100, (y + h) * height / 100)
    require(all(abs(one - two) <= 1.0 + 1e-6 for one, two in zip(box, solved)), f"{name}: drawn {box}, cue {solved}")


def check_dateranges(daemon, card):
    """Every playlist lists the same tags; each says what the stream says."""
    lists = {name: daemon.media(name).dateranges() for name in ("big", "small", "audio")}
    require(lists["big"] and lists["big"] == lists["small"] == lists["audio"], "date ranges differ between playlists")
    in_band = {(entry["cue"]["id"], entry["cue"]["rev"]): entry["cue"] for entry in card}
    for attributes, cue in lists["big"]:
        require(attributes["ID"] == f"{cue['id']}.{cue['rev']}" and attributes["START-DATE"] == cue["t"], f"{attributes}")
        require(0 < float(attributes["DURATION"]) <= 30, f"lease of {attributes['DURATION']}")
        require(in_band.get((cue["id"], cue["rev"])) == cue, f"the stream says something else of {attributes['ID']}")


def scene_late_joiners_get_a_snapshot_in_every_segment():
    with Daemon() as daemon, Publisher(daemon, picture=FLAT, sound=None):
        daemon.segments("small", 1)
        before = daemon.media("small").segments()[0]["msn"]
        on = daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.price-ticker", "id": "tape"}, 201)
        wait_for("three more segments", lambda: daemon.media("small").segments()[-1]["msn"] >= on["msn"] + 3, 30)
        seen = {}
        for entry in all_cues(daemon, "small"):
            if entry["cue"]["op"] == "snap":
                seen.setdefault(entry["msn"], []).append(entry["cue"])
        for msn in range(before, on["msn"] + 3):
            index = [cue for cue in seen.get(msn, []) if "on" in cue]
            require(len(index) == 1, f"segment {msn} has {len(index)} indices")
            full = [cue for cue in seen[msn] if cue.get("id") == "tape"]
            require(bool(full) == (msn > on["msn"]), f"segment {msn} has {len(full)} snapshots of the ticker")
            require(any(one.startswith("tape.") for one in index[0]["on"]) == (msn > on["msn"]), f"index {index}")


def scene_a_known_end_is_kept():
    with Daemon() as daemon, Publisher(daemon, picture=FLAT, sound=None), tempfile.TemporaryDirectory() as folder:
        daemon.segments("big", 1)
        product = daemon.api("GET", "/v1/products", expect=200)["products"][0]["id"]
        on = daemon.api("POST", "/v1/channels/mango/cues",
                        {"template": "com.example.product-card", "product": product, "duration": 2.5}, 201)
        end = wait_for("the end", lambda: next((entry for entry in all_cues(daemon, "big")
                       if entry["cue"].get("id") == on["id"] and entry["cue"]["op"] == "end"), None), 20)
        require(end["cue"]["pts"] == on["pts"] + 75 * STEP, f"it ended at {end['cue']['pts']}, started {on['pts']}")
        start = next(entry["cue"] for entry in all_cues(daemon, "big") if entry["cue"].get("id") == on["id"])
        require(start["ends"] == end["cue"]["t"], f"{start['ends']} was promised, {end['cue']['t']} kept")
        wait_for("one segment more", lambda: daemon.media("big").segments()[-1]["msn"] > end["msn"])
        first, pictures = frames(fetch_rendition(daemon, daemon.media("big"), Path(folder) / "v.mp4"), 640, 360)
        bounds = rectangle(start["hs"][0]["r"], 640, 360)
        span = changed_span(pictures, 640, bounds, on["pts"] // STEP - first, end["frame"] - first)
        require((span[0] + first, span[1] + first + 1) == (on["pts"] // STEP, end["frame"]), f"drawn on {span}")


if __name__ == "__main__":
    main()
