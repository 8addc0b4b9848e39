#!/usr/bin/env python3
"""The origin's process between a supervisor and a studio that this script plays: origin_alone.py EXECUTABLE. TAP."""
import base64
import gzip
import hashlib
import hmac
import http.client
import json
import re
import shutil
import signal
import sys
import time
import traceback

from origin_live import (Live, a_studio_or_origin_comes_back, deltas_are_sent_to_who_asks,
                         past_lines_come_from_a_file, hinted_parts_are_held,
                         playlists_wait_for_what_was_asked, waiting_has_an_end, who_hangs_up_is_forgotten)
from origin_made import (channels_are_made_and_removed, channels_are_told_again_and_what_cannot_be_kept_is_taken_back,
                         what_is_wrong_is_said_by_its_path, what_the_supervisor_refuses_is_not_kept)
from origin_talk import LIMIT, TOKEN, Failure, Later, Origin, problem, same, take, wait


def a_take_is_answered_by_its_receipt(origin):
    studio, products = origin.show()
    same(sorted(products), ["SKU-1", "SKU-2"])
    same(products["SKU-1"]["rev"], 1)
    asked, (answer, body) = take(origin, studio)
    same(asked["product"], "SKU-1")
    same(answer.status, 201, f"status of {body}")
    same(answer.getheader("Location"), "/v1/channels/mango/cues/c1")
    same(body, {"id": "c1", "rev": 1, "pts": 90000, "program_date_time": "2026-03-01T19:04:12.480Z", "msn": 5,
                "part": -1})
    same([one["id"] for one in origin.api("GET", "/v1/channels/mango/cues")[1]["cues"]], ["c1"])
    same(origin.api("GET", "/v1/channels/mango/cues/c1")[1]["state"], "live")
    same(len(origin.api("GET", "/v1/channels/mango/status")[1]["cues_on_air"]), 1)

    later = Later(origin.api, "PATCH", "/v1/channels/mango/cues/c1", {"step": 1})
    asked = studio.expect("desk.patch")
    same((asked["id"], asked["step"]), ("c1", 1))
    studio.send("desk.receipt", request=asked["request"], status=200, id="c1", rev=2, pts=93000)
    same(later.get()[1]["rev"], 2)

    later = Later(origin.api, "DELETE", "/v1/channels/mango/cues")
    asked = studio.expect("desk.remove")
    same("id" in asked, False)
    studio.send("desk.cue", cue={"id": "c1", "rev": 3, "state": "ended"})
    studio.send("desk.receipt", request=asked["request"], status=200, cues=[])
    same(later.get()[0].status, 200)
    origin.over()


def takes_without_a_show_are_refused(origin):
    problem(origin.api("POST", "/v1/channels/mango/cues", {"template": "card"}), 409)
    problem(origin.api("POST", "/v1/channels/melon/cues", {"template": "card"}), 404)
    problem(origin.api("POST", "/v1/channels/mango/end"), 409)


def history(origin):
    return origin.api("GET", "/v1/channels/mango/status")[1]["history"]


def the_history_is_handed_on(origin):
    same(history(origin), [])
    event = {"t": "2026-03-01T19:04:12.480Z", "what": "publisher", "publisher": "p1", "text": "It comes."}
    origin.supervisor.send("origin.history", channel="mango", history=[event])
    wait(lambda: history(origin) == [event])
    origin.supervisor.send("origin.status", channel="mango", state="off")
    wait(lambda: "state" in origin.api("GET", "/v1/channels/mango/status")[1])
    same(history(origin), [event])


def what_the_studio_refuses_is_a_problem(origin):
    studio, _ = origin.show()
    later = Later(origin.api, "POST", "/v1/channels/mango/cues", {"template": "none"})
    asked = studio.expect("desk.take")
    studio.send("desk.receipt", request=asked["request"], status=404, title="Not Found", detail="no such template")
    same(problem(later.get(), 404)["detail"], "no such template")
    for body in ({}, {"template": 1}, {"template": "a", "tmplate": 1}, {"template": "a", "product": 9},
                 {"template": "a", "at": "soon"}, {"template": "a", "duration": 0}, {"template": "a", "id": "a b"},
                 {"template": "a", "data": []}):
        problem(origin.api("POST", "/v1/channels/mango/cues", body), 422)
    unknown = origin.api("POST", "/v1/channels/mango/cues", {"template": "a", "product": "SKU-9"})
    same("SKU-9" in problem(unknown, 404)["detail"], True)
    for text in ("", "[]", "{", '{"a":1,"a":2}', "[" * 5000):
        problem(origin.api("POST", "/v1/channels/mango/cues", text), 400)
    for depth, status in ((12, 422), (13, 400)):           # VT_BODY_DEPTH
        problem(origin.api("POST", "/v1/channels/mango/cues", '{"tmplate":' * depth + "1" + "}" * depth), status)
    problem(origin.api("POST", "/v1/channels/mango/cues", "x" * 30000), 413)
    problem(origin.api("PATCH", "/v1/channels/mango/cues/none", {"step": 1}), 404)
    origin.over()


def a_repeat_is_harmless(origin):
    studio, _ = origin.show()
    body = {"template": "card", "id": "mine"}
    _, (first, answered) = take(origin, studio, "mine", body=body, Idempotency_Key="k1")
    for headers in ({"Idempotency_Key": "k1"}, {}):
        again, repeated = origin.api("POST", "/v1/channels/mango/cues", body, **headers)
        same((again.status, repeated), (201, answered))
        same(again.getheader("Idempotency-Replayed"), "true")
    problem(origin.api("POST", "/v1/channels/mango/cues", {"template": "other"}, Idempotency_Key="k1"), 422)
    problem(origin.api("POST", "/v1/channels/mango/cues", {"template": "other", "id": "mine"}), 409)
    origin.over()


def a_silent_studio_is_said(origin):
    studio, _ = origin.show()
    problem(Later(origin.api, "POST", "/v1/channels/mango/cues", {"template": "card"}).get(), 504)
    studio.expect("desk.take")
    later = Later(origin.api, "POST", "/v1/channels/mango/cues", {"template": "card"})
    studio.expect("desk.take")
    studio.end.close()
    problem(later.get(), 503)
    problem(origin.api("POST", "/v1/channels/mango/cues", {"template": "card"}), 503)
    origin.over()


def what_was_on_air_is_taken_again(origin):
    studio, _ = origin.show("s7")
    take(origin, studio, "stays", 3, {"template": "card", "id": "stays", "data": {"a": 1, "b": 1}})
    take(origin, studio, "gone", 1, {"template": "card", "id": "gone"})
    later = Later(origin.api, "PATCH", "/v1/channels/mango/cues/stays", {"data": {"b": 2}})
    asked = studio.expect("desk.patch")
    studio.send("desk.cue", cue={"id": "stays", "rev": 4, "state": "live"})
    studio.send("desk.cue", cue={"id": "gone", "rev": 2, "state": "ended"})
    studio.send("desk.receipt", request=asked["request"], status=200, id="stays", rev=4)
    later.get()
    studio.end.close()
    same(origin.stop(signal.SIGKILL), -signal.SIGKILL)
    origin.start()
    studio, products = origin.show("s7")
    same(len(products) >= 2, True)
    asked = studio.expect("desk.take")
    same((asked["id"], asked["resume"], asked["data"]), ("stays", 4, {"a": 1, "b": 2}))
    studio.send("desk.receipt", request=asked["request"], status=201, id="stays", rev=5)
    origin.over()


def what_was_on_air_is_logged(origin):
    studio, _ = origin.show("s8")
    take(origin, studio, "c1", 1, {"template": "card", "id": "c1"})
    for rev, state in ((2, "live"), (2, "live"), (3, "ending"), (3, "ended")):         # one of them twice
        studio.send("desk.cue", cue={"id": "c1", "rev": rev, "state": state, "pts": 90000 * rev,
                                     "price": {"amount": 5999, "currency": "EUR"}})
    studio.send("desk.cue", cue={"id": "c2", "rev": 1, "state": "scheduled"})
    log = origin.folder / "as-run" / "mango" / "s8.jsonl"
    wait(lambda: log.exists() and len(log.read_text().splitlines()) == 4)
    lines = [json.loads(line) for line in log.read_text().splitlines()]
    same([(line["id"], line["rev"], line["state"], line["pts"]) for line in lines],
         [("c1", 1, "live", 90000), ("c1", 2, "live", 180000), ("c1", 3, "ending", 270000), ("c1", 3, "ended", 270000)])
    same(lines[1]["price"], {"amount": 5999, "currency": "EUR"})
    same(log.stat().st_mode & 0o777, 0o640)
    origin.over()


def products_are_kept_and_go_to_the_studio(origin):
    studio, _ = origin.show()
    later = Later(origin.api, "PATCH", "/v1/products/SKU-1", {"price": {"amount": 4999}})
    product = studio.expect("desk.product")["product"]
    same((product["rev"], product["price"]), (2, {"amount": 4999, "currency": "EUR"}))
    studio.send("desk.receipt", request="product:SKU-1:2", status=200, cues=[{"id": "c1", "rev": 5, "pts": 12}])
    answer, body = later.get()
    same((answer.status, body["rev"], answer.getheader("ETag")), (200, 2, '"2"'))
    same(body["on_air"], [{"id": "c1", "rev": 5, "pts": 12, "channel": "mango"}])
    problem(origin.api("PATCH", "/v1/products/SKU-1", {"title": "x"}, If_Match='"1"'), 412)
    same(origin.api("PATCH", "/v1/products/SKU-1", {"price": {"amount": 4999}})[1]["rev"], 2)

    same(problem(origin.api("PATCH", "/v1/products/SKU-1", {"price": {"amount": 49.99}}), 422)["detail"][:14],
         "/price/amount ")
    problem(origin.api("PATCH", "/v1/products/none", {"title": "x"}), 404)
    problem(origin.api("PUT", "/v1/products/SKU-3", {"title": "x", "link": "javascript:1"}), 422)
    later = Later(origin.api, "PUT", "/v1/products/SKU-3", {"title": "Bag"}, If_None_Match="*")
    studio.expect("desk.product")
    studio.send("desk.receipt", request="product:SKU-3:1", status=200, cues=[])
    same(later.get()[0].status, 201)
    same(origin.api("DELETE", "/v1/products/SKU-3")[0].status, 204)
    same(studio.expect("desk.withdraw")["product"], "SKU-3")
    problem(origin.api("GET", "/v1/products/SKU-3"), 404)
    origin.over()
    answer, body = origin.api("PUT", "/v1/products/SKU-3", {"title": "Bag"})
    same((answer.status, body["rev"]), (201, 3))
    page = origin.api("GET", "/v1/products?limit=2")[1]
    same(([one["id"] for one in page["products"]], page["next"]), (["SKU-1", "SKU-2"], "SKU-2"))
    same([one["id"] for one in origin.api("GET", "/v1/products?after=SKU-2")[1]["products"]], ["SKU-3"])


def templates_are_kept_with_their_files(origin):
    text = "id: com.example.card\nversion: 1.0.0\nname: Card\nlayout: { type: svg, src: logo.svg }\n"
    logo = base64.b64encode(b'<svg xmlns="http://www.w3.org/2000/svg" width="4" height="4"/>').decode()
    address = "/v1/templates/com.example.card"
    answer, body = origin.api("PUT", address, {"template": text, "assets": {"logo.svg": logo}})
    same((answer.status, body["id"], body["rev"]), (201, "com.example.card", 1))
    same([one["text"] for one in body["warnings"]], ["it has no `samples`: what it draws was not looked at"])
    kept = origin.folder / "templates"
    same(sorted(one.name for one in kept.iterdir()), ["com.example.card~1"])
    same(sorted(one.name for one in (kept / "com.example.card~1").iterdir()), ["logo.svg", "template.yaml"])
    same(origin.api("PUT", address, {"template": text, "assets": {"logo.svg": logo}})[0].status, 200)
    same([one.name for one in kept.iterdir()], ["com.example.card~2"])

    broken = problem(origin.api("PUT", address, {"template": text.replace("svg, src", "svg, scr"), "assets": {"logo.svg": logo}}), 422)
    same((broken["errors"][0]["line"], broken["errors"][0]["column"]), (4, 22))
    for more, words in (({}, "logo.svg"), ({"assets": {"../logo.svg": logo}}, "plain file name"),
                        ({"assets": {"logo.exe": logo}}, "is none of"), ({"assets": {"logo.svg": "a"}}, "base64"),
                        ({"assets": {f"a{i}.svg": "" for i in range(33)}}, "at most 32"),
                        ({"assets": {"a.png": "A" * 4 * 1024 * 1024, "b.png": "A" * 1600 * 1024}}, "4 MiB")):
        refused = problem(origin.api("PUT", address, {"template": text, **more}), 422)
        if words not in json.dumps(refused):
            raise Failure(f"{refused} does not say {words}")
    problem(origin.api("PUT", "/v1/templates/com.example.other", {"template": text, "assets": {"logo.svg": logo}}), 422)
    problem(origin.api("PUT", address, {"template": text, "colour": 1}), 422)
    same([one.name for one in kept.iterdir()], ["com.example.card~2"])

    for colour, words in (("404040", ""), ("ffffff", "\u0378")):       # what it draws counts, too
        drawn = ("id: com.example.card\nversion: 1.0.0\nname: Card\ncanvas: {safe: none}\nsamples: {one: {}}\n"
                 f"layout: {{type: text, text: 'Hello {words}', style: {{background: '#000000', color: '#{colour}'}}}}\n")
        refused = problem(origin.api("PUT", address, {"template": drawn}), 422)
        same((refused["errors"][0]["line"], refused["errors"][0]["column"]), (6, 9))
        if ("U+0378" if words else "contrast") not in refused["errors"][0]["text"]:
            raise Failure(f"{refused} does not say why")
    same([one.name for one in kept.iterdir()], ["com.example.card~2"])

    body = origin.api("GET", address)[1]
    same((body["rev"], body["template"], body["assets"]), (2, text, [{"name": "logo.svg", "size": 62}]))
    same([one["id"] for one in origin.api("GET", "/v1/templates")[1]["templates"]], ["com.example.card"])
    same(origin.api("GET", "/v1/templates/schema")[1]["$id"][:8], "https://")
    same(origin.api("DELETE", address)[0].status, 204)
    problem(origin.api("DELETE", address), 404)
    problem(origin.api("GET", address), 404)
    same(list(kept.iterdir()), [])

    fixed = origin.folder / "fixed.yaml"
    fixed.write_text("id: com.example.fixed\nversion: 1.0.0\nname: Fixed\nlayout: { type: box }\n")
    origin.supervisor.send("origin.channel", channel={"name": "mango", "language": "en", "templates": [str(fixed)]}, fixed=True)
    wait(lambda: [one["fixed"] for one in origin.api("GET", "/v1/templates")[1]["templates"]] == [True])
    problem(origin.api("PUT", "/v1/templates/com.example.fixed", {"template": fixed.read_text()}), 409)
    problem(origin.api("DELETE", "/v1/templates/com.example.fixed"), 409)


def strangers_learn_nothing(origin):
    for token in ("", "Bearer", "Bearer x", f"Basic {TOKEN}", f"Bearer {TOKEN}x"):
        answered = origin.api("GET", "/v1/products", Authorization=token)
        problem(answered, 401)
        same(answered[0].getheader("WWW-Authenticate"), 'Bearer realm="vitrine"')
    problem(origin.api("GET", "/v2"), 404)
    answered = origin.api("POST", "/v1/products")
    problem(answered, 405)
    same(answered[0].getheader("Allow"), "GET, HEAD")
    problem(origin.api("PUT", "/v1/channels/mango", {}), 409)
    longest = "/v1/channels/".ljust(2048, "x")                       # VT_HTTP_URL
    problem(origin.api("GET", longest), 404)
    problem(origin.api("GET", longest + "x"), 414)
    own = {"Host": f"127.0.0.1:{origin.admin}", "Accept-Encoding": "identity", "Authorization": f"Bearer {TOKEN}"}
    spare = 8192 - sum(len(name) + len(value) + 4 for name, value in own.items()) - len("X-Long") - 4     # VT_HTTP_HEADER_SIZE
    same(origin.api("GET", "/v1/channels", X_Long="x" * spare)[0].status, 200)
    problem(origin.api("GET", "/v1/channels", X_Long="x" * (spare + 1)), 431)
    lines = {f"X-{number}": "x" for number in range(64 - len(own))}                                      # VT_HTTP_HEADERS
    same(origin.api("GET", "/v1/channels", **lines)[0].status, 200)
    problem(origin.api("GET", "/v1/channels", X_More="x", **lines), 431)
    problem((lambda answer: (answer[0], json.loads(answer[1])))(origin.public("GET", "/v1/products")), 404)


def files_are_served(origin):
    folder = origin.folder / "live/mango"
    main = folder / "s1/main"
    (main / "cues").mkdir(parents=True, exist_ok=True)
    same(origin.public("GET", "/live/mango/index.m3u8")[0].status, 404)
    (folder / "index.m3u8").write_text("#EXTM3U\n")
    (folder / "sequence").write_text("7")
    (main / "720p.m3u8").write_text("#EXTM3U\n#EXT-X-TARGETDURATION:6\n")
    (main / "720p-1.m4s").write_bytes(bytes(range(200)))
    (main / "cues/c1.1.json").write_text("{}")
    (origin.folder / "secret.m3u8").write_text("secret")
    (main / "link.m3u8").unlink(missing_ok=True)
    (main / "link.m3u8").symlink_to(origin.folder / "secret.m3u8")

    answer, body = origin.public("GET", "/live/mango/s1/main/720p.m3u8")
    same((answer.status, answer.getheader("Content-Type")), (200, "application/vnd.apple.mpegurl"))
    same((answer.getheader("Cache-Control"), answer.getheader("Access-Control-Allow-Origin")), ("max-age=3", "*"))
    for name in ("Age", "Date", "Content-Range", "Content-Length", "ETag"):
        same(name in answer.getheader("Access-Control-Expose-Headers").split(", "), True, name)
    again, body = origin.public("GET", "/live/mango/s1/main/720p.m3u8", If_None_Match=answer.getheader("ETag"))
    same((again.status, body), (304, b""))
    answer, body = origin.public("GET", "/live/mango/s1/main/720p-1.m4s")
    same((answer.status, len(body), answer.getheader("Content-Type")), (200, 200, "video/iso.segment"))
    same("immutable" in answer.getheader("Cache-Control"), True)
    answer, body = origin.public("GET", "/live/mango/s1/main/720p-1.m4s", Range="bytes=10-19")
    same((answer.status, body, answer.getheader("Content-Range")), (206, bytes(range(10, 20)), "bytes 10-19/200"))
    answer, body = origin.public("GET", "/live/mango/s1/main/720p-1.m4s", Range="bytes=200-")
    same((answer.status, answer.getheader("Content-Range")), (416, "bytes */200"))
    answer, body = origin.public("HEAD", "/live/mango/s1/main/720p-1.m4s")
    same((answer.status, body, answer.getheader("Content-Length")), (200, b"", "200"))
    same(origin.public("GET", "/live/mango/s1/main/cues/c1.1.json")[0].getheader("Content-Type"), "application/json")
    answer, _ = origin.public("OPTIONS", "/live/mango/events", Origin="https://shop.example",
                              Access_Control_Request_Method="POST")
    same((answer.status, "POST" in answer.getheader("Access-Control-Allow-Methods")), (204, True))
    for path in ("/live/mango/sequence", "/live/mango/s1/main/link.m3u8", "/live/mango/../../secret.m3u8",
                 "/live/%2e%2e/secret.m3u8", "/live/mango/s1/main/%2e%2e%2f%2e%2e%2fsequence", "/live/mango/",
                 "/live/mango/s1/main/720p-2.m4s", "/web/../serve/http.c",
                 "/web/package.json", "/"):
        answer, _ = origin.public("GET", path)
        same(answer.status, 404, f"status of {path}")
        same(answer.getheader("Cache-Control"), "max-age=1")
    same(origin.public("GET", "/live/mango/s1/main/720p.m3u8%00.m4s")[0].status, 400)


def the_player_is_served(origin):
    answer, body = origin.public("GET", "/watch/mango")
    same((answer.status, answer.getheader("Content-Type")), (200, "text/html; charset=utf-8"))
    same("script-src 'self'" in answer.getheader("Content-Security-Policy"), True)
    same(origin.public("GET", "/watch/melon")[0].status, 404)
    modules, wanted = set(), ["watch.js", "vitrine-cues.js"]
    while wanted:
        name = wanted.pop()
        answer, body = origin.public("GET", "/web/" + name)
        same((answer.status, answer.getheader("Content-Type")), (200, "text/javascript; charset=utf-8"), name)
        modules.add(name)
        wanted += set(re.findall(r" from '\./([a-z-]+\.js)'", body.decode())) - modules
    same(len(modules) > 5 and "cue-reading.js" in modules, True, modules)
    same(origin.public("GET", "/web/watch.css")[0].status, 200)
    same(origin.public("GET", "/healthz")[0].status, 200)


def playlists_are_compressed(origin):
    live = Live(origin, "ll7")
    plain, body = live.get()
    packed, data = live.get(Accept_Encoding="br, gzip")
    same((packed.getheader("Content-Encoding"), gzip.decompress(data)), ("gzip", body))
    same((plain.getheader("Vary"), packed.getheader("Vary"), plain.getheader("Content-Encoding")),
         ("Accept-Encoding", "Accept-Encoding", None))
    same(plain.getheader("ETag") != packed.getheader("ETag"), True, "tags of two encodings")
    for answer, headers in ((plain, {}), (packed, {"Accept_Encoding": "gzip"})):
        again, body = live.get(If_None_Match=answer.getheader("ETag"), **headers)
        same((again.status, body, again.getheader("ETag")), (304, b"", answer.getheader("ETag")))
    live.parts += 1
    live.write()
    same(live.get(If_None_Match=plain.getheader("ETag"))[1].decode(), live.text())


def viewer_events_are_counted(origin):
    event = {"event": "add_to_cart", "cue": "c1", "rev": 1, "item": "SKU-1", "hotspot": "buy", "media_time": 1.5}
    for _ in range(2):
        answer, _ = origin.public("POST", "/live/mango/events", json.dumps(event))
        same(answer.status, 204)
    answer, _ = origin.public("POST", "/live/mango/events", json.dumps({**event, "output": "main"}))
    same(answer.status, 204)
    same(origin.public("POST", "/live/mango/events", "nonsense")[0].status, 400)
    same(origin.public("POST", "/live/mango/events", "x" * 5000)[0].status, 413)
    same(origin.public("POST", "/live/melon/events", json.dumps(event))[0].status, 404)
    same(origin.public("GET", "/live/mango/events")[0].status, 404)
    status = origin.api("GET", "/v1/channels/mango/status")[1]
    same(status["viewer_events"], {"add_to_cart": 3})
    same(status["viewer_items"], {"SKU-1": {"add_to_cart": 3}})
    same(status["viewer_outputs"], {"main": {"add_to_cart": 1}})
    answer, text = origin.public("GET", "/live/mango/outputs")
    same((answer.status, json.loads(text)["outputs"][0]), (200, {"name": "main", "language": "en"}))
    same(origin.public("GET", "/live/melon/outputs")[0].status, 404)
    metrics = origin.ask(origin.admin, "GET", "/metrics", None, {"Authorization": f"Bearer {TOKEN}"})[1].decode()
    same('vitrine_viewer_events_total{channel="mango",event="add_to_cart"} 3' in metrics, True, metrics)


def events_are_followed(origin):
    connection = http.client.HTTPConnection("127.0.0.1", origin.admin, timeout=LIMIT)
    connection.request("GET", "/v1/events?channel=mango", headers={"Authorization": f"Bearer {TOKEN}"})
    stream = connection.getresponse()
    same((stream.status, stream.getheader("Content-Type")), (200, "text/event-stream"))
    same(stream.readline(), b"retry: 1000\n")
    same(stream.readline(), b"\n")
    origin.supervisor.send("origin.status", channel="mango", show=None, state="waiting", publisher=None)
    same(stream.readline()[:3], b"id:")
    same(stream.readline(), b"event: status\n")
    same(json.loads(stream.readline()[6:])["state"], "waiting")
    stream.readline()
    origin.public("POST", "/live/mango/events", '{"event":"view_item"}')
    stream.readline()
    same(stream.readline(), b"event: viewer\n")
    same(json.loads(stream.readline()[6:]), {"event": "view_item", "channel": "mango"})
    same(origin.api("GET", "/v1/channels/mango/status")[1]["state"], "waiting")
    connection.close()


def keys_are_told_as_hashes(origin):
    times = {"not_after": "2026-06-01T00:00:00Z"}
    made = origin.api("POST", "/v1/channels/mango/keys", times)[1]
    digest = hashlib.sha256(made["key"].encode()).hexdigest()
    while (body := origin.supervisor.expect("channel.keys"))["keys"] == []:
        pass
    same(body, {"channel": "mango", "keys": [{"sha256": digest, "not_after": 1780272000}]})
    same(made["id"], digest[:12])
    same(origin.api("GET", "/v1/channels/mango/keys")[1]["keys"][0]["id"], made["id"])
    same(origin.api("DELETE", f"/v1/channels/mango/keys/{made['id']}")[0].status, 204)
    same(origin.supervisor.expect("channel.keys")["keys"], [])
    problem(origin.api("DELETE", f"/v1/channels/mango/keys/{made['id']}"), 404)


def words_reach_the_supervisor(origin):
    studio, _ = origin.show()
    same(origin.api("POST", "/v1/channels/mango/end")[0].status, 202)
    same(origin.supervisor.expect("show.end")["channel"], "mango")
    problem(origin.api("DELETE", "/v1/channels/mango/publisher"), 409)
    origin.supervisor.send("origin.status", channel="mango", show="s1", state="live", publisher={"address": "x"})
    wait(lambda: origin.api("GET", "/v1/channels/mango/status")[1]["state"] == "live")
    same(origin.api("DELETE", "/v1/channels/mango/publisher")[0].status, 202)
    same(origin.supervisor.expect("publisher.kick")["channel"], "mango")
    origin.over()


def the_document_is_open(origin):
    answer, body = origin.api("GET", "/v1/openapi.json", Authorization="")
    same((answer.status, body["openapi"]), (200, "3.1.0"))


def signed_addresses_alone_are_played(origin):
    same(origin.api("POST", "/v1/channels/mango/signatures")[0].status, 409)
    same(origin.public("GET", "/live/mango/authorized")[0].status, 204)
    origin.stop()
    keys = origin.folder / "keys"
    keys.write_text("# of the shop\nsixteen and more bytes\n")
    origin.more = {"signing_keys": str(keys)}
    origin.start()
    same(origin.public("GET", "/live/mango/index.m3u8")[0].status, 403)
    same(origin.public("POST", "/live/mango/events", "{}")[0].status, 403)
    same(origin.public("GET", "/healthz")[0].status, 200)
    same(origin.public("GET", "/watch/mango")[0].status, 200)
    answer, signed = origin.api("POST", "/v1/channels/mango/signatures", {"expires_in": 30})
    same(answer.status, 201, f"status of {signed}")
    token = signed["token"]
    same(signed["playlist"], f"/@{token}/live/mango/index.m3u8")
    same(signed["watch"], f"/watch/mango?token={token}")
    same(abs(int(token.split(".")[0]) - time.time() - 30) < 10, True, "the end of its life")
    text = f"{token.split('.')[0]}:/live/mango".encode()
    mac = base64.urlsafe_b64encode(hmac.digest(b"sixteen and more bytes", text, "sha256")).decode().rstrip("=")
    same(token.split(".")[2], mac)
    answer, body = origin.public("GET", signed["playlist"])
    same((answer.status, body), (200, b"#EXTM3U\n"))
    for path in ("s1/main/720p.m3u8", "s1/main/720p-1.m4s", "s1/main/cues/c1.1.json"):
        same(origin.public("GET", f"/@{token}/live/mango/{path}")[0].status, 200, path)
    answer, _ = origin.public("GET", f"/@{token}/live/mango/authorized")
    same((answer.status, 1 <= int(answer.getheader("Cache-Control").split("=")[1]) <= 30), (204, True))
    for path in (f"/@{token}/live/papaya/index.m3u8", f"/@{token}x/live/mango/index.m3u8", "/@/live/mango/index.m3u8",
                 f"/@{token}/@{token}/live/mango/index.m3u8", f"/@{token}/live", f"/@{token}/live/mango/../papaya/x.m3u8"):
        answer, _ = origin.public("GET", path)
        same(answer.status in (403, 404), True, f"{answer.status} for {path}")
    late = int(time.time()) - 1
    mac = base64.urlsafe_b64encode(hmac.digest(b"sixteen and more bytes", f"{late}:/live/mango".encode(), "sha256"))
    answer, body = origin.public("GET", f"/@{late}.2.{mac.decode().rstrip('=')}/live/mango/index.m3u8")
    same((answer.status, b"expired" in body, answer.getheader("Cache-Control")), (403, True, "no-store"))
    for flaw in ({"expires_in": 0}, {"expires_in": 366 * 86400 + 1}, {"expires_in": "1"}, {"until": 1}):
        same(origin.api("POST", "/v1/channels/mango/signatures", flaw)[0].status, 422, f"{flaw}")
    same(origin.api("POST", "/v1/channels/papaya/signatures")[0].status, 404)


def it_stops_when_asked(origin):
    studio, _ = origin.show()
    later = Later(origin.api, "POST", "/v1/channels/mango/cues", {"template": "card"})
    studio.expect("desk.take")
    same(origin.stop(), 0)
    answer = later.result if later.join(LIMIT) is None else None
    if not isinstance(answer, Exception):
        same(answer[0].status in (409, 503), True, "status")


TESTS = [a_take_is_answered_by_its_receipt, takes_without_a_show_are_refused, the_history_is_handed_on,
         what_the_studio_refuses_is_a_problem,
         a_repeat_is_harmless, a_silent_studio_is_said, what_was_on_air_is_taken_again, what_was_on_air_is_logged,
         products_are_kept_and_go_to_the_studio, templates_are_kept_with_their_files, strangers_learn_nothing, files_are_served, the_player_is_served,
         playlists_wait_for_what_was_asked, deltas_are_sent_to_who_asks, past_lines_come_from_a_file,
         hinted_parts_are_held, waiting_has_an_end,
         who_hangs_up_is_forgotten, a_studio_or_origin_comes_back, playlists_are_compressed,
         viewer_events_are_counted, events_are_followed, keys_are_told_as_hashes,
         channels_are_made_and_removed, what_the_supervisor_refuses_is_not_kept, what_is_wrong_is_said_by_its_path,
         channels_are_told_again_and_what_cannot_be_kept_is_taken_back, words_reach_the_supervisor, the_document_is_open, signed_addresses_alone_are_played,
         it_stops_when_asked]


def main():
    origin, failed = Origin(sys.argv[1]), 0
    print(f"1..{len(TESTS)}")
    for number, test in enumerate(TESTS, 1):
        try:
            test(origin)
            print(f"ok {number} - {test.__name__}", flush=True)
        except Exception as trouble:
            failed += 1
            for line in traceback.format_exc().splitlines():
                print("#", line)
            print(f"not ok {number} - {test.__name__}: {trouble}", flush=True)
    if origin.process.poll() is None:
        origin.process.kill()
    shutil.rmtree(origin.folder)
    return failed > 0


if __name__ == "__main__":
    sys.exit(main())
