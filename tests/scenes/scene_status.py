#!/usr/bin/env python3
"""The status of a channel and the metrics are what the documents say: every member and every metric, with its type."""
import re

from harness import CHANNEL, TOP, Daemon, Publisher, main, require, wait_for
from rtmp_wire import Push, connect, media, setup, text, write_tags
from scene_srt import SrtPublisher

TYPES = {"string": str, "integer": int, "number": (int, float), "boolean": bool, "object": dict, "array": list,
         "null": type(None)}
SAMPLE = re.compile(r'^([a-z_]+)(?:\{((?:[a-z_]+="(?:[^"\\]|\\.)*",?)*)\})? (-?[0-9.e+-]+|NaN|[+-]Inf)$')


def is_a(value, name):
    return isinstance(value, TYPES[name]) and not (isinstance(value, bool) and name in ("integer", "number"))


def flaws(value, schema, document, path, strict=True):
    """What of a value is not as the schema says; with `strict` also members that it does not describe."""
    if "$ref" in schema:
        schema = document["components"]["schemas"][schema["$ref"].rsplit("/", 1)[1]]
    if "oneOf" in schema:
        schema = next(one for one in schema["oneOf"] if (one.get("type") == "null") == (value is None))
        return flaws(value, schema, document, path, strict)
    kinds = schema.get("type", [])
    kinds = kinds if isinstance(kinds, list) else [kinds]
    if kinds and not any(is_a(value, kind) for kind in kinds):
        return [f"{path} is {value!r}, not {kinds}"]
    if "enum" in schema and value not in schema["enum"]:
        return [f"{path} is {value!r}, not one of {schema['enum']}"]
    found = []
    if isinstance(value, dict) and "properties" in schema:
        found += [f"{path} has no {name}" for name in schema.get("required", []) if name not in value]
        for name, member in value.items():
            if name in schema["properties"]:
                found += flaws(member, schema["properties"][name], document, f"{path}.{name}", strict)
            elif strict and name != "cues_on_air":
                found.append(f"{path}.{name} is not described")
    return found


def check_status(daemon, document):
    status = daemon.api("GET", "/v1/channels/mango/status", expect=200)
    schemas = document["components"]["schemas"]
    wrong = flaws(status, schemas["Status"], document, "status")
    for event in status["history"]:
        wrong += flaws(event, schemas["Event"], document, f"the event {event}")
    require(not wrong, "; ".join(wrong))
    return status


def place_of(daemon, document, what):
    """Where in the channel's history that stands first, 1 the oldest; 0: it does not."""
    names = [event["what"] for event in check_status(daemon, document)["history"]]
    return names.index(what) + 1 if what in names else 0


def metrics(daemon):
    """{name: {labels: value}}, {name: type}"""
    answer, text, headers = daemon.api("GET", "/metrics")
    require(answer == 200 and headers["Content-Type"].startswith("text/plain; version=0.0.4"), f"{answer} {headers}")
    values, types, told = {}, {}, set()
    for line in text.decode().splitlines():
        if line.startswith("# HELP "):
            told.add(line.split()[2])
        elif line.startswith("# TYPE "):
            types[line.split()[2]] = line.split()[3]
        else:
            found = SAMPLE.match(line)
            require(found, f"no sample: {line}")
            require(found[1] in types and found[1] in told, f"{found[1]} comes before its TYPE and HELP")
            values.setdefault(found[1], {})[found[2] or ""] = float(found[3])
    return values, types


def documented():
    """{name: (type, {labels})} of docs/api.md."""
    rows = re.findall(r"^\| `(vitrine_\w+)` \| (\w+) \| ([a-z, ]*) \|$", (TOP / "docs" / "api.md").read_text(), re.M)
    return {name: (kind, set(labels.split(", ")) - {""}) for name, kind, labels in rows}


def check_metrics(daemon):
    values, types = metrics(daemon)
    want = documented()
    require({name: kind for name, (kind, _) in want.items()} == types,
            f"docs/api.md and /metrics differ: {sorted(set(want) ^ set(types))}")
    for name, samples in values.items():
        for labels in samples:
            has = set(re.findall(r'([a-z_]+)="', labels))
            require(has == want[name][1], f"{name} has the labels {has}")
    return values


def scene_every_member_and_metric_is_described():
    with Daemon() as daemon:
        document = daemon.api("GET", "/v1/openapi.json", expect=200)
        require(check_status(daemon, document)["state"] == "off", "a show runs")
        check_metrics(daemon)
        with Publisher(daemon, key="no-such-key") as stranger:
            wait_for("the stranger to be refused", lambda: stranger.process.poll() is not None)
        # key frames once in 300 pictures
        with Publisher(daemon, extra=["-g", "300", "-keyint_min", "300", "-sc_threshold", "0"]):
            wait_for("the warning", lambda: "key frames are" in ((check_status(daemon, document).get("publisher") or {}).get(
                "video") or {}).get("warning", ""), 40)
            publisher = check_status(daemon, document)["publisher"]
            video, audio = publisher["video"], publisher["audio"]
            require(publisher["encoder"].startswith("Lavf"), f"encoder {publisher['encoder']}")
            require((video["codec"], video["width"], video["height"]) == ("H.264", 640, 360), f"{video}")
            require((audio["codec"], audio["rate"], audio["channels"]) == ("AAC", 48000, 1), f"{audio}")
            require(video["kbps"] > 50 and audio["kbps"] > 10 and video["key_interval"] > 4, f"{video} {audio}")
            require(abs(publisher["timing"]["sound_lag_ms"]) < 1000 and publisher["errors"] == 0, f"{publisher}")
            values = check_metrics(daemon)
            require(values["vitrine_publisher_video_width"]['channel="mango"'] == 640, "the width in the metrics")
            require(values["vitrine_publisher_key_interval_seconds"]['channel="mango"'] > 4, "the interval in the metrics")
            require('state="live"' in "".join(values["vitrine_channel_state"]), f"{values['vitrine_channel_state']}")
        wait_for("the end in the status", lambda: (check_status(daemon, document).get("ended") or {}).get("reason") in
                 ("unpublished", "lost"))
        reason = check_status(daemon, document)["ended"]["reason"]
        order = [place_of(daemon, document, what) for what in ("publisher", "show_started", "live", "closed")]
        require(order[0] == 1 and order == sorted(order), f"the history: {check_status(daemon, document)['history']}")

        def counted():
            values = metrics(daemon)[0]
            return values["vitrine_publishers_ended_total"].get(f'reason="{reason}"') == 1 and \
                values["vitrine_publishers_refused_total"].get('reason="key"') == 1
        wait_for("the end and the refusal in the metrics", counted)
        check_metrics(daemon)


# What of the line's figures stands in which metric, and by what it is multiplied.
SRT = {"rtt_ms": ("rtt_seconds", 1e-3), "receive_mbps": ("receive_bits_per_second", 1e6),
       "bandwidth_mbps": ("bandwidth_bits_per_second", 1e6), "packets": ("packets", 1), "unique": ("unique_packets", 1),
       "lost": ("lost_packets", 1), "dropped": ("dropped_packets", 1), "retransmitted": ("retransmitted_packets", 1),
       "belated": ("belated_packets", 1), "reorder_distance": ("reorder_distance_packets", 1),
       "undecrypted": ("undecrypted_packets", 1), "naks": ("repeat_requests", 1), "buffered_ms": ("buffered_seconds", 1e-3),
       "latency_ms": ("latency_seconds", 1e-3), "encrypted": ("encrypted", 1)}


def agree(daemon, line):
    """Whether the metrics are of the same second as the status was."""
    values = check_metrics(daemon)
    return all(abs(values[f"vitrine_srt_{name}"].get('channel="mango"', -1) - line[member] * by) <= 1e-4 * by + 1e-9 *
               abs(line[member] * by) for member, (name, by) in SRT.items())


def scene_every_figure_of_srt_is_in_the_metrics():
    with Daemon() as daemon:
        document = daemon.api("GET", "/v1/openapi.json", expect=200)

        def line():
            return (check_status(daemon, document).get("publisher") or {}).get("srt")
        with SrtPublisher(daemon, "streamid=mango-key"):
            require(set(wait_for("SRT's figures", line)) == set(SRT), f"{line()}")
            wait_for("the same in the metrics", lambda: agree(daemon, line()))
            require(line()["packets"] >= line()["unique"] > 0 and line()["encrypted"] is False, f"{line()}")


def check_refusals(daemon, document):
    """Who comes second is in the history, and both of them together."""
    def refusals():
        return [event for event in check_status(daemon, document)["history"] if event["what"] == "refused"]
    for address in ("127.0.0.2", "127.0.0.3"):
        with Push(daemon.rtmp_port, address, before=setup("mango-key")) as other:
            require(b"NetStream.Publish.BadName" in other.heard, "two publish")
    wait_for("both in the history", lambda: sum(event.get("count", 1) for event in refusals()) == 2)
    require(refusals()[-1]["reason"] == "busy" and refusals()[-1]["text"].startswith("127.0.0.3 "), f"{refusals()}")


def scene_what_strangers_write_stays_one_value():
    """In the status, the metrics and the log: an encoder's name that would end each of them. No key is in the history."""
    name = 'a"}} 1\n# HELP x\nvitrine_x{y="\\" \x1b[2J \r\n%s \xff'
    template = TOP / "samples" / "templates" / "product-card.yaml"
    channel = (CHANNEL % template).replace('keys: ["mango-key"]', 'keys: ["mango-key"]\n    takeover: refuse')
    with Daemon(channels=channel) as daemon:
        document = daemon.api("GET", "/v1/openapi.json", expect=200)
        hello = setup("mango-key", connect(flashVer=text(name.encode("latin-1"))))
        with Push(daemon.rtmp_port, "127.0.0.1", before=hello) as push:
            push.send(write_tags(media()))
            shown = wait_for("it to publish", lambda: (check_status(daemon, document).get("publisher") or {}).get("encoder"))
            require(shown == r'a\x22}} 1\x0a# HELP x\x0avitrine_x{y=\x22\x5c\x22 \x1b[2J \x0d\x0a%s \xff', f"encoder {shown!r}")
            check_refusals(daemon, document)
            (labels,) = wait_for("its metric", lambda: check_metrics(daemon).get("vitrine_publisher_info"))
            told = re.search(r'encoder="((?:[^"\\]|\\.)*)"', labels)[1]
            require(re.sub(r"\\(.)", r"\1", told) == shown, f"{labels} is not {shown}")
            events = check_status(daemon, document)["history"]
            require(events[0]["text"].endswith(f" over rtmp ({shown})."), f"{events[0]}")
            require("mango-key" not in str(events), f"{events}")
            require("\x1b" not in daemon.text() and "\n# HELP" not in daemon.text(), "the log was written to")


if __name__ == "__main__":
    main()
