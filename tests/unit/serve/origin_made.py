"""Channels that the API makes: what the supervisor is asked, and what is kept of its answers."""
import contextlib
import sqlite3

from origin_talk import Later, problem, same, wait

AT = "/v1/channels/stall"
STALL = {"keys": ["stall-key"], "canvas": {"size": "640x360"}, "srt": {"passphrase": "0123456789"},
         "renditions": [{"name": "low", "size": "640x360", "bitrate": "700k"}]}


def put(origin, definition, status=200, **answer):
    """(What the supervisor was asked, the answer) of a PUT that it answers so."""
    later = Later(origin.api, "PUT", AT, definition)
    asked = origin.supervisor.expect("channel.define")
    if status == 200:
        origin.supervisor.send("origin.channel", channel={"name": "stall", "language": "en"}, fixed=False)
    origin.supervisor.send("channel.answer", request=asked["request"], status=status, **answer)
    return asked, later.get()


def remove(origin, status=200, **answer):
    later = Later(origin.api, "DELETE", AT)
    asked = origin.supervisor.expect("channel.remove")
    if status == 200:
        origin.supervisor.send("origin.gone", channel="stall")
    origin.supervisor.send("channel.answer", request=asked["request"], status=status, **answer)
    return later.get()


def stored(origin):
    with contextlib.closing(sqlite3.connect(origin.folder / "state.db")) as store:
        return store.execute("SELECT count(*) FROM channel").fetchone()[0]


def channels_are_made_and_removed(origin):
    asked, (answer, body) = put(origin, STALL)
    same(asked["channel"], "stall")
    key = asked["definition"]["keys"][0]
    same((key[:7], len(key)), ("sha256:", 71))
    same(asked["definition"]["srt"], STALL["srt"])
    same((answer.status, body["fixed"], body["warnings"]), (201, False, []))
    same(body["definition"], {"canvas": STALL["canvas"], "renditions": STALL["renditions"], "srt": {}})
    same(put(origin, {**STALL, "language": "de"})[1][0].status, 200)
    same(origin.api("GET", AT)[1]["definition"]["language"], "de")
    same([one["name"] for one in origin.api("GET", "/v1/channels")[1]["channels"]], ["mango", "stall"])
    same(remove(origin)[0].status, 204)
    problem(origin.api("GET", AT), 404)
    same(stored(origin), 0)


def what_the_supervisor_refuses_is_not_kept(origin):
    refusal = {"title": "The key is taken", "detail": "Choose another one."}
    _, answered = put(origin, STALL, 409, **refusal)
    same(problem(answered, 409)["detail"], refusal["detail"])
    same(stored(origin), 0)
    put(origin, STALL)
    _, answered = put(origin, {**STALL, "language": "de"}, 409, **refusal)
    problem(answered, 409)
    problem(remove(origin, 409, **refusal), 409)
    same("language" in origin.api("GET", AT)[1]["definition"], False)


def what_is_wrong_is_said_by_its_path(origin):
    body = problem(origin.api("PUT", AT, {**STALL, "hls": {"part": "soon"}}), 422)
    same(body["errors"][0]["path"], "hls.part")
    problem(origin.api("PUT", "/v1/channels/mango", STALL), 409)
    problem(origin.api("DELETE", "/v1/channels/mango"), 409)
    problem(origin.api("PUT", "/v1/channels/no%20name", STALL), 422)
    problem(origin.api("PUT", AT, [STALL]), 400)
    problem(origin.api("PUT", AT, {"language": "e" * 40000}), 413)


def channels_are_told_again_and_what_cannot_be_kept_is_taken_back(origin):
    origin.stop()
    origin.start()
    same([(one["channel"], "request" in one) for one in origin.defined], [("stall", False)])
    origin.supervisor.send("origin.channel", channel={"name": "stall", "language": "en"}, fixed=False)
    wait(lambda: origin.api("GET", AT)[0].status == 200)
    with contextlib.closing(sqlite3.connect(origin.folder / "state.db", isolation_level=None)) as store:
        store.execute("BEGIN EXCLUSIVE")                     # nobody else can write now
        _, answered = put(origin, {**STALL, "language": "de"})
        problem(answered, 503)
        store.execute("ROLLBACK")
    again = origin.supervisor.expect("channel.define")
    same(("request" in again, "language" in again["definition"]), (False, False))
    same(remove(origin)[0].status, 204)
