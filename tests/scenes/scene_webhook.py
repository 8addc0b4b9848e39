#!/usr/bin/env python3
"""A webhook decides who may publish: what it is asked, what comes of its answers over RTMP, RTMPS and SRT, and what comes
of a server that is slow, broken, hostile or gone."""
import os
import signal
import threading

from asking import ask
from harness import Publisher, main, require, wait_for
from hook_server import HookServer, nobody_listens
from scene_rtmps import TWO, daemon_with_tls
from scene_srt import SrtPublisher, publisher_of, reject_code

SECRET = "a secret of the webhook"
INVALID = "This stream key is not valid"
DOWN = "The server cannot check stream keys"
PASSPHRASE = "a long passphrase"
CHANNELS = TWO.replace('keys: ["lime-key"]', f'keys: ["lime-key"]\n    srt: {{passphrase: "{PASSPHRASE}"}}')


class hooked_daemon:
    """A daemon with RTMPS and a webhook of its own."""

    def __init__(self, url, cache="none"):
        self.made = daemon_with_tls()
        self.lines = f'webhook: {{url: "{url}", secret: "{SECRET}", timeout: 1s, cache: {cache}}}\n'

    def __enter__(self):
        daemon, self.tls_port, _ = self.made.__enter__()
        require(daemon.stop() == 0, "it did not end well")
        text = daemon.config.read_text()
        daemon.config.write_text(self.lines + text[:text.index("channels:")] + f"channels:{CHANNELS}")
        daemon.start()
        daemon.child("vitrine hook")
        daemon.tls_port = self.tls_port
        return daemon

    def __exit__(self, *error):
        return self.made.__exit__(*error)


def told(answer, words, what):
    require(not answer.granted() and answer.description.startswith(words), f"{what}: {answer.code} {answer.description}")


def scene_it_decides():
    with HookServer(SECRET) as hook, hooked_daemon(hook.url) as daemon:
        told(ask(daemon.rtmp_port, "mango-key"), INVALID, "a key that the webhook denies")
        told(ask(daemon.rtmp_port, "unheard-of"), INVALID, "a key that nobody knows")
        first, second = hook.asked
        require(first["channel"] == "mango" and second["channel"] is None and first["protocol"] == "rtmp" and
                first["address"] == "127.0.0.1" and first["event"] == "publish" and first["version"] == 1, f"{first}")
        hook.mode = hook.grant
        require(ask(daemon.rtmp_port, "mango-key").granted(), "a key that both know")
        require(ask(daemon.tls_port, "mango-key", tls=True).granted(), "over RTMPS")
        require(hook.asked[-1]["protocol"] == "rtmps", f"{hook.asked[-1]}")
        told(ask(daemon.rtmp_port, "unheard-of"), DOWN, "granted, but for no channel")
        hook.mode = hook.grant_to("nowhere")
        told(ask(daemon.rtmp_port, "unheard-of"), DOWN, "granted for a channel that is not there")
        hook.mode = hook.grant_to("lime")
        told(ask(daemon.rtmp_port, "mango-key"), DOWN, "granted for another channel than its own")
        with Publisher(daemon, "unheard-of", "testsrc2=size=320x180:rate=30"):
            wait_for("a publisher with a key that only the webhook knows", lambda: publisher_of(daemon, "lime"), 20)
        strange = 'a"}\\u0000\r\nX: 1\x1b[2J é'
        ask(daemon.rtmp_port, "key\"'\\{%s%n", strange)
        require(hook.asked[-1]["key"] == "key\"'\\{%s%n", f"{hook.asked[-1]}")
        require(not any(ord(one) < 32 for one in hook.asked[-1]["encoder"]), f"{hook.asked[-1]}")
        require("\x1b" not in daemon.text() and "\nX: 1" not in daemon.text(), "the log was written to")
        require(hook.unsigned == 0, "a request was not signed")
        require("unheard-of" not in daemon.text() and "mango-key" not in daemon.text(), "a key stands in the log")


def srt_comes_in(daemon, query, channel):
    with SrtPublisher(daemon, query) as publisher:
        wait_for("the webhook's word", lambda: publisher.process.poll() is not None or publisher_of(daemon, channel), 20)
        came = publisher_of(daemon, channel) is not None
    wait_for("it to be gone", lambda: publisher_of(daemon, channel) is None)
    return came


def scene_it_decides_over_srt():
    with HookServer(SECRET) as hook, hooked_daemon(hook.url) as daemon:
        require(not srt_comes_in(daemon, "streamid=mango-key", "mango"), "a key that the webhook denies")
        require(hook.asked[-1]["protocol"] == "srt" and hook.asked[-1]["channel"] == "mango", f"{hook.asked[-1]}")
        hook.mode = hook.grant
        require(srt_comes_in(daemon, "streamid=mango-key", "mango"), "a key that both know")
        require(srt_comes_in(daemon, f"streamid=lime-key&passphrase={PASSPHRASE}", "lime"), "with its passphrase")
        hook.mode = hook.grant_to("lime")
        require(not srt_comes_in(daemon, "streamid=unheard-of", "lime"), "without the channel's passphrase")
        require("without its passphrase" in daemon.text(), "the log does not say so")
        named = f"streamid=%23!::r=lime,m=publish,s=unheard-of&passphrase={PASSPHRASE}"
        require(srt_comes_in(daemon, named, "lime"), "a key that only the webhook knows, with the channel's passphrase")


def at_once(port, keys):
    """The answers of several that ask at the same time."""
    answers = [None] * len(keys)

    def one(i):
        answers[i] = ask(port, keys[i])
    threads = [threading.Thread(target=one, args=(i,)) for i in range(len(keys))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def scene_whatever_is_wrong_with_it_nobody_gets_in():
    with HookServer(SECRET) as hook, hooked_daemon(hook.url) as daemon:
        hook.mode = hook.grant
        with Publisher(daemon, "lime-key", "testsrc2=size=320x180:rate=30") as honest:
            daemon.segments("big", 1, channel="lime")
            dropped = publisher_of(daemon, "lime")["dropped"]
            wrong = {"500": lambda _: (500, b'{"allow": true}', {}), "no JSON": lambda _: (200, b"yes", {}),
                     "redirect": "redirect", "large": "large",
                     "bytes": lambda _: (200, bytes(range(256)), {"X-Long": "x" * 60000})}
            for what, hook.mode in wrong.items():
                asked = len(hook.asked)
                for key in ("mango-key", "unheard-of"):
                    told(ask(daemon.rtmp_port, key), DOWN, f"{what}, {key}")
                require(len(hook.asked) == asked + 2, f"{what}: asked {len(hook.asked) - asked} times instead of 2")
            hook.mode = "slow"
            answers = at_once(daemon.rtmp_port, ["mango-key", "unheard-of"] * 5)
            for answer in answers:
                told(answer, DOWN, "slow")
                require(0.9 < answer.seconds < 9, f"one of ten that wait took {answer.seconds:.1f} s")
            process = daemon.child("vitrine hook")
            os.kill(process, signal.SIGSTOP)
            told(ask(daemon.rtmp_port, "mango-key"), DOWN, "a hook's process that hangs")
            require(daemon.child("vitrine hook", other_than=process), "it was not started again")
            os.kill(daemon.child("vitrine hook"), signal.SIGKILL)
            hook.mode = hook.grant
            wait_for("the webhook to be asked again", lambda: ask(daemon.rtmp_port, "mango-key").granted())
            require(honest.process.poll() is None, "the honest publisher was lost")
            require("DISCONTINUITY" not in daemon.media("big", "lime").text, "lime was disturbed")
            state = publisher_of(daemon, "lime")
            require(state["dropped"] == dropped and state["errors"] == 0, f"lime lost something: {state}")


def scene_a_server_that_is_not_there():
    with hooked_daemon(nobody_listens()) as daemon:
        for key in ("mango-key", "unheard-of"):
            told(ask(daemon.rtmp_port, key), DOWN, key)
        require("the webhook failed" in daemon.text(), "the log does not say so")


def scene_an_answer_holds_for_a_while():
    with HookServer(SECRET) as hook, hooked_daemon(hook.url, cache="30s") as daemon:
        hook.mode = hook.grant
        for _ in range(3):
            require(ask(daemon.rtmp_port, "mango-key").granted(), "it was refused")
        require(len(hook.asked) == 1, f"asked {len(hook.asked)} times")
        hook.mode = hook.deny
        require(ask(daemon.rtmp_port, "mango-key").granted(), "the answer did not hold")
        told(ask(daemon.rtmp_port, "unheard-of"), INVALID, "another key")
        require(len(hook.asked) == 2, f"asked {len(hook.asked)} times")
        # libsrt has let a caller in by the time that the webhook says no: the next attempt is told
        wait_for("a caller to be told", lambda: reject_code(daemon.srt_port, "unheard-of") == 1401, 20)
        require("unheard-of" not in daemon.text(), "a key stands in the log")
        wait_for("the answers in the metrics", lambda: 'vitrine_webhook_answers_total{verdict="denied"}' in
                 daemon.api("GET", "/metrics", expect=200).decode())


if __name__ == "__main__":
    main()
