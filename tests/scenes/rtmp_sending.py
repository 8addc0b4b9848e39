"""How the cases of RTMP send what they send, and what came of it."""
import socket
import time

from cases import CLOSED, HELD, REFUSED, TAKEN
from harness import Failure, require, wait_for
from rtmp_wire import Push, media, pictures, write_tags

SLACK_S = 6                              # a deadline may be late on a busy machine


def outcome(stage, data):
    """What comes of a connection that sends `data`: closed by the daemon, refused, or told that it publishes."""
    with dial(stage) as stranger:
        heard = b""
        try:
            for segment in data if isinstance(data, list) else [data]:
                stranger.sendall(segment)
            while b"NetStream.Publish.Start" not in heard:
                got = stranger.recv(4096)
                if not got:
                    return REFUSED if b"NetStream.Publish.BadName" in heard else CLOSED
                heard += got
        except (ConnectionResetError, BrokenPipeError):
            return CLOSED
        except TimeoutError:
            return HELD
    return TAKEN


def dial(stage, port=None, source=None):
    stranger = socket.create_connection(("127.0.0.1", port or stage.daemon.rtmp_port), 15, (source or stage.source(), 0))
    stranger.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return stranger


def hung_up(stranger, limit):
    """Whether the daemon ends the connection within so many seconds; what it says before is read."""
    until = time.monotonic() + limit
    try:
        while (left := until - time.monotonic()) > 0:
            stranger.settimeout(left)
            if not stranger.recv(65536):
                return True
    except TimeoutError:
        return False
    except OSError:
        return True
    return False


def ends_in(stranger, limit):
    return CLOSED if hung_up(stranger, limit + SLACK_S) else HELD


def publisher(stage):
    return stage.status(stage.channel).get("publisher") or {}


def frames(stage):
    now = publisher(stage)
    return now.get("frames", 0) + now.get("dropped", 0)


def live(odd, tags_after=True, **how):
    """A publisher sends a second of media, the odd thing, and (unless tags_after is False) another second: published is
    what decoded all of it without an error."""
    def send(stage):
        tags = media()
        with Push(stage.daemon.rtmp_port, stage.source()) as push:
            push.send(write_tags(tags, **how))
            push.send(odd(push) if callable(odd) else odd)
            if not tags_after:
                return CLOSED if push.listen() else HELD
            push.send(write_tags(tags, 1000, **how))
            return decoded(stage, push, 2 * pictures(tags))
    return send


def decoded(stage, push, expected):
    """Published, if so many pictures come out of the connection and nothing was wrong with them. (They are sent faster than
    they are shown: one may find the ring full.)"""
    now = {}

    def ready():
        push.drain()
        now.update(publisher(stage))
        return push.closed or now.get("frames", 0) + now.get("dropped", 0) >= expected
    try:
        wait_for(f"{expected} pictures", ready)
    except Failure:
        raise Failure(f"not all of {expected} pictures: {now}") from None
    if push.closed:
        return CLOSED
    require(now["errors"] == 0 and now["frames"] + now["dropped"] == expected, f"{now}")
    return TAKEN


def timed(write, start, seconds=1):
    """Media whose times begin at `start`, written in a way of its own."""
    def send(stage):
        tags = media(seconds)
        with Push(stage.daemon.rtmp_port, stage.source()) as push:
            push.send(write(tags, start))
            return decoded(stage, push, pictures(tags))
    return send
