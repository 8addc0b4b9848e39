#!/usr/bin/env python3
"""Two audiences of one show: a wide English picture and an upright Chinese one, in another market, from one publisher.
One take reaches both on one frame, each with the rectangle of its own picture; a price changes on both together; a
studio that is killed goes on with both."""
import json
import os
import re
import signal
import subprocess
import tempfile
import urllib.parse
from pathlib import Path

from boxes import cues, frames, timescale
from harness import VITRINE, Daemon, Playlist, Publisher, fetch_rendition, http, main, require, wait_for
from scene_frames import FLAT, STEP, changed_span, check_rectangles, difference, rectangle
from scene_player import Browser

TEMPLATE = """
id: com.example.board
version: 1.0.0
name: Board
schema: {type: object, required: [product], properties: {product: {type: object, gddType: v_product}}}
strings: {en: {buy: Buy}, zh: {buy: 购买}}
canvas: {design: 640x360}
layout:
  id: root
  type: box
  style: {position: absolute, inset: 40px auto auto 60px, width: 240px, height: 120px, background: "#f0f0f0",
          flex-direction: column}
  hotspot: {action: view_item, item: "{{ product.id }}", label: "{{ 'buy' | t }}"}
  children:
    - {id: price, type: number, value: "{{ price.current }}", format: money, style: {font-size: 48px, color: "#101010"}}
    - id: was
      type: box
      when: price.prior_lawful
      style: {width: 80px, height: 32px, background: "#303030"}
      hotspot: {action: view_promotion, item: "{{ product.id }}", label: "{{ price.prior | money }}"}
"""
CHANNELS = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 640x360, fps: 30}
    renditions: [{name: wide, size: 640x360, bitrate: 600k}]
    outputs:
      - name: upright
        canvas: {size: 360x640, fit: cover}
        language: zh
        market: eu
        renditions: [{name: tall, size: 360x640, bitrate: 600k}]
    slate: {after: 1s, grace: 30s}
    encoder: {preset: ultrafast}
    hls: {record: yes}
    templates: [BOARD]
"""
RENDITIONS = {"main": ("wide", 640, 360), "upright": ("tall", 360, 640)}
CUP = {"id": "cup", "title": "Cup", "availability": "in_stock", "price": {"amount": 2900, "currency": "EUR"},
       "sale_price": {"amount": 1900, "currency": "EUR"},
       "sale_price_effective_date": "2026-01-01T00:00:00Z/2100-01-01T00:00:00Z"}


def media(daemon, output, name=None):
    """A media playlist of an output, found as a player finds it; None before it is there."""
    index = daemon.playlist(f"/live/mango/{output}/index.m3u8")
    name = name or RENDITIONS[output][0]
    for uri in index.uris() + re.findall(r'URI="([^"]+)"', index.text) if index else []:
        if uri.endswith(f"/{name}.m3u8"):
            return daemon.playlist(urllib.parse.urljoin(index.path, uri))
    return None


def told(daemon, output):
    """Every emsg of an output, in order, with the frame that it names and its segment's number."""
    playlist = media(daemon, output)
    scale = timescale(http(daemon.url(playlist.map()))[2])
    return [{**entry, "frame": round(entry["time"] * 30 / scale), "msn": segment["msn"]}
            for segment in playlist.segments() if not segment["gap"]
            for entry in cues(http(daemon.url(segment["uri"]))[2])]


def entry_of(daemon, output, identity, what):
    return next((entry for entry in told(daemon, output) if entry["cue"].get("id") == identity and
                 entry["cue"]["op"] != "snap" and what(entry["cue"])), None)


def in_both(daemon, identity, what):
    """{output: the first entry of a cue for which what(cue) holds}, once it is in both streams."""
    def find():
        found = {output: entry_of(daemon, output, identity, what) for output in RENDITIONS}
        return found if all(found.values()) else None
    return wait_for(f"cue {identity} in both outputs", find, 30)


def passed(daemon, msn):
    wait_for("the segments after it", lambda: all(
        media(daemon, output).segments()[-1]["msn"] > msn for output in RENDITIONS), 30)


def check_pixels(daemon, output, start, update, end, folder):
    """The picture shows each revision from its frame on, and the rectangle lies on what is drawn."""
    name, width, height = RENDITIONS[output]
    first, pictures = frames(fetch_rendition(daemon, media(daemon, output), folder / f"{name}.mp4"), width, height)
    spot = max(start["cue"]["hs"], key=lambda one: one["r"][2] * one["r"][3])
    bounds = rectangle(spot["r"], width, height)
    span = changed_span(pictures, width, bounds, start["frame"] - first, end["frame"] - first)
    require(span and span[0] + first == start["frame"], f"{output}: drawn on {span} + {first}, told {start['frame']}")
    require(span[1] + first == end["frame"] - 1, f"{output}: drawn to {span[1] + first}, told {end['frame']}")
    at = update["frame"] - first
    steps = [difference(pictures[index - 1], pictures[index], width, bounds) for index in range(at - 8, at + 9)]
    require(max(range(len(steps)), key=steps.__getitem__) == 8, f"{output}: the price changed elsewhere: {steps}")
    check_rectangles(output, pictures[at - 5], pictures[start["frame"] - first - 2], start["cue"]["hs"], width, height)


def check_one_take(daemon, folder):
    receipt = daemon.api("POST", "/v1/channels/mango/cues",
                         {"template": "com.example.board", "product": "cup", "id": "both"}, 201)
    require(set(receipt["outputs"]) == set(RENDITIONS), f"receipt {receipt}")
    start = in_both(daemon, "both", lambda cue: cue["op"] == "start")
    passed(daemon, max(entry["msn"] for entry in start.values()))
    daemon.api("PATCH", "/v1/products/cup", {"sale_price": {"amount": 1111, "currency": "EUR"}}, 200)
    update = in_both(daemon, "both", lambda cue: cue.get("price", {}).get("a") == 1111)
    daemon.api("DELETE", "/v1/channels/mango/cues/both", expect=200)
    end = in_both(daemon, "both", lambda cue: cue["op"] == "end")
    passed(daemon, max(entry["msn"] for entry in end.values()))
    for which, entries in (("start", start), ("price", update), ("end", end)):
        require(entries["main"]["cue"]["pts"] == entries["upright"]["cue"]["pts"], f"{which} on two frames: {entries}")
        for output, entry in entries.items():
            require(entry["frame"] * STEP == entry["cue"]["pts"], f"{output}: {which} is told on another frame")
    require(start["main"]["cue"]["pts"] == receipt["pts"], "the receipt names another frame")
    for output, entry in start.items():
        require(entry["msn"] == receipt["outputs"][output]["msn"], f"{output}: msn {entry['msn']}, receipt {receipt}")
        check_pixels(daemon, output, entry, update[output], end[output], folder)
    check_words(start)


def check_words(start):
    """Each has its own language, its own market's rules and its own rectangles."""
    spots = {output: {one["n"]: one for one in entry["cue"]["hs"]} for output, entry in start.items()}
    require(spots["main"]["root"]["l"] == "Buy" and spots["upright"]["root"]["l"] == "购买", f"labels {spots}")
    require("was" in spots["main"] and "was" not in spots["upright"], f"the prior price is shown elsewhere: {spots}")
    require(spots["main"]["root"]["r"] != spots["upright"]["root"]["r"], "two pictures, one rectangle")


def check_one_output_alone(daemon):
    receipt = daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.board", "product": "cup",
                                                             "id": "alone", "output": "upright"}, 201)
    require(set(receipt["outputs"]) == {"upright"}, f"receipt {receipt}")
    wait_for("it in the stream", lambda: entry_of(daemon, "upright", "alone", lambda cue: cue["op"] == "start"), 20)
    require(not entry_of(daemon, "main", "alone", lambda cue: True), "main has what was meant for the other")
    problem = daemon.api("POST", "/v1/channels/mango/cues", {"template": "com.example.board", "product": "cup",
                                                             "output": "oblong"}, 404)
    require("known: main, upright" in problem["detail"], f"{problem}")


def check_waiting(daemon):
    """A player that waits for the next segment of one output gets it when that output has it."""
    playlist = media(daemon, "upright")
    wanted = playlist.segments()[-1]["msn"] + 2
    status, _, text = http(daemon.url(f"{playlist.path}?_HLS_msn={wanted}"))
    require(status == 200, f"a request that waits: {status} {text}")
    require(Playlist(text.decode(), playlist.path).segments()[-1]["msn"] >= wanted, "it came too early")


def check_screens(daemon):
    """The sample player takes the output that suits the screen, or shows all of them; its events say which."""
    def seen():
        counts = daemon.api("GET", "/v1/channels/mango/status", expect=200)["viewer_outputs"]
        return [counts.get(output, {}).get("view_promotion", 0) for output in ("main", "upright")]
    with Browser("about:blank") as browser:      # nothing plays until the window has its size
        browser.do("size", width=400, height=800)
        browser.do("open", url=daemon.url("/watch/mango"))
        wait_for("the upright output on an upright screen", lambda: seen()[1] > 0, 40)
        alone = seen()
        require(alone[0] == 0, "the wide output was shown on an upright screen")
        browser.do("size", width=800, height=400)
        browser.do("open", url=daemon.url("/watch/mango?output=all"))
        wait_for("both side by side", lambda: seen()[0] > 0 and seen()[1] > alone[1], 40)
        require(not browser.do("complaints"), f"the page complains: {browser.do('complaints')}")


def check_kill(daemon):
    before = {output: media(daemon, output) for output in RENDITIONS}
    studio = daemon.child("vitrine studio mango")
    os.kill(studio, signal.SIGKILL)
    daemon.child("vitrine studio mango", other_than=studio)
    def on_again():
        now = {output: media(daemon, output) for output in RENDITIONS}
        return now if all(now[one].segments()[-1]["msn"] > before[one].segments()[-1]["msn"] + 3 and
                          not now[one].segments()[-1]["gap"] for one in now) else None
    after = wait_for("both outputs to go on", on_again, 40)
    for output, playlist in after.items():
        require("EXT-X-DISCONTINUITY" not in playlist.text, f"{output}: a discontinuity")
        require(playlist.map() == before[output].map(), f"{output}: another init segment")
        kept = {segment["msn"]: segment["uri"] for segment in before[output].segments()}
        require(all(kept.get(one["msn"], one["uri"]) == one["uri"] for one in playlist.segments()),
                f"{output}: a segment changed")
    wait_for("its cue in the upright output", lambda: any(
        entry["cue"].get("id") == "alone" and entry["cue"]["rev"] > 1 for entry in told(daemon, "upright")), 20)
    require(not entry_of(daemon, "main", "alone", lambda cue: True), "main has what was meant for the other")


def check_told(daemon):
    """Status, metrics, viewer events and what players may choose from tell the outputs apart."""
    event = b'{"event": "add_to_cart", "output": "upright"}'
    require(http(daemon.url("/live/mango/events"), "POST", event)[0] == 204, "the viewer's event was not taken")
    status = daemon.api("GET", "/v1/channels/mango/status", expect=200)
    require(status["viewer_outputs"]["upright"]["add_to_cart"] == 1, f"counts {status['viewer_outputs']}")
    def listed():
        told = (daemon.api("GET", "/v1/channels/mango/status", expect=200).get("studio") or {}).get("outputs", [])
        return [(one["name"], one["size"], one["language"], one.get("market")) for one in told]
    wait_for("the new studio's status", lambda: listed() == [("main", "640x360", "en", None),
                                                             ("upright", "360x640", "zh", "eu")])
    metrics = daemon.api("GET", "/metrics", expect=200).decode()
    require('vitrine_rendition_frames_total{channel="mango",output="upright",rendition="tall"}' in metrics, metrics)
    choice = json.loads(http(daemon.url("/live/mango/outputs"))[2])["outputs"]
    require([(one["name"], one["size"]) for one in choice] == [("main", "640x360"), ("upright", "360x640")], f"{choice}")


def check_rules(daemon):
    for output in RENDITIONS:
        run = subprocess.run([VITRINE, "check", daemon.url(f"/live/mango/{output}/index.m3u8")], capture_output=True,
                             text=True, timeout=60)
        require(run.returncode == 0, f"{output}: {run.stdout}{run.stderr}")


def scene_one_show_two_audiences():
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        board = folder / "board.yaml"
        board.write_text(TEMPLATE)
        with Daemon(CHANNELS.replace("BOARD", str(board))) as daemon:
            with Publisher(daemon, picture=FLAT):
                wait_for("both outputs", lambda: all(media(daemon, output) for output in RENDITIONS), 30)
                daemon.api("PUT", "/v1/products/cup", CUP, 201)
                check_one_take(daemon, folder)
                shown = {"template": "com.example.board", "product": "cup", "id": "shown"}
                daemon.api("POST", "/v1/channels/mango/cues", shown, 201)
                check_screens(daemon)
                daemon.api("DELETE", "/v1/channels/mango/cues/shown", expect=200)
                check_one_output_alone(daemon)
                check_waiting(daemon)
                check_kill(daemon)
                check_told(daemon)
                show = daemon.api("GET", "/v1/channels/mango/status", expect=200)["show"]
                daemon.api("POST", "/v1/channels/mango/end", expect=202)
            wait_for("the end", lambda: all(media(daemon, output).ended() for output in RENDITIONS), 20)
            for output, (name, _, _) in RENDITIONS.items():
                recorded = daemon.playlist(f"/live/mango/recordings/{show}/{output}/{name}.m3u8")
                require(recorded and recorded.ended(), f"{output}: its recording has not ended")
            check_rules(daemon)


if __name__ == "__main__":
    main()
