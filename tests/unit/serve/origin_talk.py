"""The origin's process, and how a supervisor, a studio and its clients talk to it."""
import array
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

TOKEN = "0123456789abcdef0123456789abcdef"
LIMIT = 30


class Failure(Exception):
    pass


def same(value, expected, what="value"):
    if value != expected:
        raise Failure(f"{what} is {value!r}, not {expected!r}")


class Link:
    """One end of a link between processes."""

    def __init__(self, end):
        self.end = end
        end.settimeout(LIMIT)

    def send(self, name, fds=(), **body):
        text = json.dumps({"message": name, **body}).encode()
        rights = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", fds))] if fds else []
        self.end.sendmsg([text], rights)

    def receive(self):
        data = self.end.recv(65536)
        if not data:
            raise Failure("the origin hung up")
        body = json.loads(data)
        return body.pop("message"), body

    def expect(self, name):
        got, body = self.receive()
        while got == "channel.keys" != name:      # they come whenever a channel is named
            got, body = self.receive()
        same(got, name, f"message {body}")
        return body


def pair():
    return socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)


def listener():
    one = socket.socket()
    one.bind(("127.0.0.1", 0))
    one.listen(64)
    return one


class Origin:
    more_at_first = {}                   # of what origin.start says

    def __init__(self, program):
        self.program, self.shows, self.running, self.more = program, 0, None, dict(self.more_at_first)
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-origin-"))
        (self.folder / "token").write_text(TOKEN + "\n")
        (self.folder / "products.json").write_text(json.dumps({"products": [
            {"id": "SKU-1", "title": "Shoe", "price": {"amount": 5999, "currency": "EUR"}},
            {"id": "SKU-2", "title": "Hat"}]}))
        self.start()

    def start(self):
        ours, theirs = pair()
        sockets = [listener(), listener()]
        self.http, self.admin = (one.getsockname()[1] for one in sockets)

        def place():
            os.dup2(theirs.fileno(), 3)

        self.process = subprocess.Popen([self.program], preexec_fn=place, pass_fds=[3], stderr=sys.stderr)
        theirs.close()
        self.supervisor = Link(ours)
        self.supervisor.send("origin.start", [one.fileno() for one in sockets], data=str(self.folder),
                             token_file=str(self.folder / "token"), products=str(self.folder / "products.json"), http=1, **self.more)
        for one in sockets:
            one.close()
        self.defined = []                # channels of the store, which come first
        while (told := self.supervisor.receive())[0] == "channel.define":
            self.defined.append(told[1])
        same(told[0], "origin.ready")
        self.supervisor.send("origin.channel", channel={"name": "mango", "language": "en"}, fixed=True)

    def show(self, name=None):
        """A studio for a show, with the products that it was sent first."""
        self.shows += 1
        self.running = name = name or f"show{self.shows}"
        ours, theirs = pair()
        self.supervisor.send("origin.show", [theirs.fileno()], channel="mango", show=name)
        theirs.close()
        studio, products = Link(ours), {}
        while True:
            kind, body = studio.receive()
            if kind == "desk.synced":
                return studio, products
            same(kind, "desk.product")
            products[body["product"]["id"]] = body["product"]

    def over(self):
        self.supervisor.send("origin.over", channel="mango", show=self.running)
        wait(lambda: self.api("GET", "/v1/channels/mango")[1]["show"] is None)

    def stop(self, how=signal.SIGTERM):
        self.process.send_signal(how)
        return self.process.wait(LIMIT)

    def ask(self, port, method, path, body=None, headers=None):
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=LIMIT)
        try:
            connection.request(method, path, body, headers or {})
            answer = connection.getresponse()
            return answer, answer.read()
        finally:
            connection.close()

    def public(self, method, path, body=None, **headers):
        return self.ask(self.http, method, path, body, {key.replace("_", "-"): value for key, value in headers.items()})

    def api(self, method, path, body=None, **headers):
        headers = {key.replace("_", "-"): value for key, value in headers.items()}
        headers.setdefault("Authorization", f"Bearer {TOKEN}")
        text = json.dumps(body) if isinstance(body, (dict, list)) else body
        answer, data = self.ask(self.admin, method, path, text, headers)
        return answer, json.loads(data) if data else None


def wait(condition):
    """Asks again until it holds."""
    until = time.monotonic() + LIMIT
    while not condition():
        if time.monotonic() > until:
            raise Failure(f"waited {LIMIT} s")
        time.sleep(0.002)


class Later(threading.Thread):
    """A request whose answer comes once the studio has spoken."""

    def __init__(self, call, *args, **more):
        super().__init__(daemon=True)
        self.call, self.args, self.more, self.result = call, args, more, None
        self.start()

    def run(self):
        try:
            self.result = self.call(*self.args, **self.more)
        except Exception as problem:
            self.result = problem

    def get(self):
        self.join(LIMIT)
        if isinstance(self.result, Exception) or self.result is None:
            raise Failure(f"no answer: {self.result!r}")
        return self.result


def problem(answered, status):
    answer, body = answered
    same(answer.status, status, f"status of {body}")
    same(answer.getheader("Content-Type"), "application/problem+json")
    same(body["status"], status)
    if not body["title"] or not body["detail"]:
        raise Failure(f"problem without words: {body}")
    return body


def take(origin, studio, identity="c1", rev=1, body=None, **headers):
    later = Later(origin.api, "POST", "/v1/channels/mango/cues", body or {"template": "card", "product": "SKU-1"},
                  **headers)
    asked = studio.expect("desk.take")
    studio.send("desk.cue", cue={"id": identity, "rev": rev, "state": "live", "product": "SKU-1", "pts": 90000 * rev})
    studio.send("desk.receipt", request=asked["request"], status=201, id=identity, rev=rev, pts=90000,
                program_date_time="2026-03-01T19:04:12.480Z", msn=5, part=-1)
    return asked, later.get()
