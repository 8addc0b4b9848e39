#!/usr/bin/env python3
"""Stream keys: made, timed and revoked through the API, over restarts; guessing; who wins of two publishers."""
import sqlite3
import time

from asking import ask
from harness import CHANNEL, TOP, Daemon, Publisher, main, require, wait_for


def is_refused(daemon, key):
    with Publisher(daemon, key) as publisher:
        wait_for(f"{key[:4]}… to be refused", lambda: publisher.process.poll() is not None or
                 (daemon.state() == "live" and publisher_id(daemon)))
        return publisher.process.poll() is not None


def publisher_id(daemon):
    return (daemon.api("GET", "/v1/channels/mango/status", expect=200).get("publisher") or {}).get("publisher")


def goes_live(daemon, key):
    before = publisher_id(daemon)
    with Publisher(daemon, key) as publisher:
        wait_for("a publisher", lambda: publisher_id(daemon) not in (None, before))
        require(publisher.process.poll() is None, publisher.text())
    wait_for("it to be gone", lambda: publisher_id(daemon) is None)


def words(publisher):
    """What ffmpeg was told."""
    return publisher.text().split("Server error: ")[-1].splitlines()[0]


def moment(seconds):
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(time.time() + seconds))


def stored(daemon):
    """Every byte that the daemon keeps or has written."""
    folder = daemon.folder / "var"
    return b"".join(path.read_bytes() for path in folder.glob("state.db*")) + daemon.text().encode()


def scene_a_key_is_made_used_and_revoked():
    with Daemon() as daemon:
        made = daemon.api("POST", "/v1/channels/mango/keys", expect=201)
        require(len(made["key"]) == 32 and len(made["id"]) == 12, f"{made}")
        listed = daemon.api("GET", "/v1/channels/mango/keys", expect=200)["keys"]
        require([key["id"] for key in listed] == [made["id"]] and "key" not in listed[0], f"{listed}")
        goes_live(daemon, made["key"])
        origin = daemon.child("vitrine origin")
        daemon.process.send_signal(15)
        require(daemon.process.wait(30) == 0, "it did not end well")
        daemon.start()
        require(daemon.child("vitrine origin") != origin, "it is the old one")
        goes_live(daemon, made["key"])
        require(made["key"].encode() not in stored(daemon), "the key is kept somewhere")
        daemon.api("DELETE", f"/v1/channels/mango/keys/{made['id']}", expect=204)
        require(is_refused(daemon, made["key"]), "a revoked key still opens")
        goes_live(daemon, "mango-key")
        daemon.api("DELETE", f"/v1/channels/mango/keys/{made['id']}", expect=404)
        daemon.api("POST", "/v1/channels/none/keys", expect=404)


def scene_a_key_has_its_time():
    with Daemon() as daemon:
        early = daemon.api("POST", "/v1/channels/mango/keys", {"not_before": moment(3600)}, expect=201)
        late = daemon.api("POST", "/v1/channels/mango/keys", {"not_after": moment(-60)}, expect=201)
        now = daemon.api("POST", "/v1/channels/mango/keys",
                         {"not_before": moment(-60), "not_after": moment(3600)}, expect=201)
        require(is_refused(daemon, early["key"]), "a key opens before its time")
        require(is_refused(daemon, late["key"]), "a key opens after its time")
        goes_live(daemon, now["key"])
        for body in ({"not_before": "soon"}, {"not_after": 7}, {"until": moment(1)},
                     {"not_before": moment(60), "not_after": moment(60)}):
            daemon.api("POST", "/v1/channels/mango/keys", body, expect=422)


def scene_a_channel_has_so_many_keys():
    with Daemon() as daemon:
        for _ in range(32):
            key = daemon.api("POST", "/v1/channels/mango/keys", expect=201)["key"]
        daemon.api("POST", "/v1/channels/mango/keys", expect=409)
        goes_live(daemon, key)
        rows = sqlite3.connect(f"file:{daemon.folder}/var/state.db?mode=ro", uri=True)
        require(rows.execute("SELECT count(*) FROM stream_key").fetchone()[0] == 32, "rows")
        rows.close()


def scene_whoever_guesses_is_not_looked_at_for_a_while():
    with Daemon() as daemon:
        for number in range(10):
            require(not ask(daemon.rtmp_port, f"guess-{number}").granted(), "a guess was right")
        right, wrong = ask(daemon.rtmp_port, "mango-key"), ask(daemon.rtmp_port, "guess-again")
        require("too many wrong keys" in daemon.text(), daemon.text())
        require((right.code, right.description) == (wrong.code, wrong.description) and "not valid" in right.description,
                f"told otherwise: {right.description} and {wrong.description}")
        require(ask(daemon.rtmp_port, "mango-key", source="127.0.0.2").granted(), "somebody else is not looked at either")


def scene_a_producer_sends_a_publisher_away():
    with Daemon() as daemon:
        daemon.api("DELETE", "/v1/channels/mango/publisher", expect=409)
        with Publisher(daemon) as publisher:
            wait_for("a publisher", lambda: publisher_id(daemon))
            daemon.api("DELETE", "/v1/channels/mango/publisher", expect=202)
            wait_for("it to be sent away", lambda: publisher.process.poll() is not None)
            require(words(publisher) == "This stream has been ended by the producer.", publisher.text())
        wait_for("it to be gone", lambda: publisher_id(daemon) is None)
        wait_for("the reason in the status", lambda: (daemon.api("GET", "/v1/channels/mango/status", expect=200).get("ended")
                                                      or {}).get("reason") == "stopped")
        goes_live(daemon, "mango-key")               # the key is as good as before


LIME = """  lime:
    keys: ["lime-key"]
    accept: {addresses: [127.0.0.1], size: 320x180}
    canvas: {size: 320x180}
"""
TOO_LARGE = "The stream is 640x360; this channel takes at most 320x180. Lower the output size."


def ended(daemon, channel):
    return daemon.api("GET", f"/v1/channels/{channel}/status", expect=200).get("ended") or {}


def scene_a_channel_takes_what_it_accepts():
    with Daemon(channels=CHANNEL % "" + LIME) as daemon, Publisher(daemon) as neighbour:
        before = wait_for("the neighbour to publish", lambda: publisher_id(daemon))
        stranger, wrong = (ask(daemon.rtmp_port, key, source="127.0.0.2") for key in ("lime-key", "no-key-at-all"))
        require((stranger.code, stranger.description) == (wrong.code, wrong.description) and "not valid" in wrong.description,
                f"told otherwise: {stranger.description} and {wrong.description}")
        require("127.0.0.2 was refused: channel lime takes nobody from there" in daemon.text(), daemon.text())
        wait_for("it in the metrics", lambda: 'vitrine_publishers_refused_total{reason="address"} 1' in
                 daemon.api("GET", "/metrics", expect=200).decode())
        with Publisher(daemon, "lime-key") as large:
            wait_for("it to be sent away", lambda: large.process.poll() is not None)
            require(words(large) == TOO_LARGE, large.text())
        wait_for("the reason in the status", lambda: ended(daemon, "lime").get("detail") == TOO_LARGE)
        require(publisher_id(daemon) == before and neighbour.process.poll() is None, "the neighbour was disturbed")


REPLACED = "Another encoder publishes with this stream key now."
KEPT_OUT = "Another encoder is publishing to this channel, and may not be replaced. Stop it first."
TOO_OFTEN = "Encoders keep replacing each other on this channel. Stop all but one of them, and wait a minute."


def with_takeover(policy):
    templates = TOP / "samples" / "templates" / "product-card.yaml"
    channels = (CHANNEL % templates).replace('keys: ["mango-key"]', f'keys: ["first", "second"]\n    takeover: {policy}')
    return Daemon(channels=channels)


def comes_second(daemon, first, second):
    """Whether the second publisher replaces the first."""
    with Publisher(daemon, first) as before:
        old = wait_for("the first to publish", lambda: publisher_id(daemon))
        with Publisher(daemon, second) as after:
            wait_for("one of them to win", lambda: after.process.poll() is not None or
                     publisher_id(daemon) not in (None, old))
            won = after.process.poll() is None
            require(won or before.process.poll() is None, "both are gone")
            loser = before if won else after
            wait_for("the other one to end", lambda: loser.process.poll() is not None)
            require(words(loser) == (REPLACED if won else KEPT_OUT), loser.text())
    wait_for("them to be gone", lambda: publisher_id(daemon) is None)
    return won


def scene_the_newest_wins_where_nothing_else_is_said():
    with with_takeover("newest") as daemon:
        require(comes_second(daemon, "first", "second"), "the second was refused")


def scene_the_first_stays_where_takeovers_are_refused():
    with with_takeover("refuse") as daemon:
        require(not comes_second(daemon, "first", "second"), "the second took over")
        require(comes_second(daemon, "first", "first"), "an encoder that came back was refused")


def scene_the_key_that_stands_first_wins_where_priority_is_said():
    with with_takeover("priority") as daemon:
        require(not comes_second(daemon, "first", "second"), "the second took over")
        require(comes_second(daemon, "second", "first"), "the first did not take over")


def scene_encoders_do_not_replace_each_other_for_ever():
    with with_takeover("newest") as daemon, Publisher(daemon, "first"):
        wait_for("the first to publish", lambda: publisher_id(daemon))
        for number in range(6):
            require(not is_sent_away(daemon, number), f"takeover {number} was refused")
        require(is_sent_away(daemon, 6), "the seventh was not refused")
        require(words(PUBLISHERS[-1]) == TOO_OFTEN, PUBLISHERS[-1].text())


def is_sent_away(daemon, number):
    """Whether one more publisher is refused, each with the other key than the one before."""
    old = publisher_id(daemon)
    publisher = Publisher(daemon, "first" if number % 2 else "second")
    PUBLISHERS.append(publisher)
    wait_for("an answer", lambda: publisher.process.poll() is not None or publisher_id(daemon) not in (None, old))
    return publisher.process.poll() is not None


PUBLISHERS = []


if __name__ == "__main__":
    try:
        main()
    finally:
        for one in PUBLISHERS:
            one.stop()
