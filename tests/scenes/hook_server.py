"""A webhook's server for scenes: answers as it is told to, and remembers what it was asked."""
import hashlib
import hmac
import http.server
import json
import threading


class HookServer:
    """`mode`: a function of the request's decoded body that gives (status, body bytes, headers), or one of the words
    "slow" (answers after a minute), "large" (10 MB), "redirect" (to itself)."""

    def __init__(self, secret=None):
        self.asked, self.mode, self.secret, self.unsigned = [], self.deny, secret, 0
        self.ending = threading.Event()
        hook = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_):
                pass

            def do_POST(self):
                hook.answer(self)

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]
        self.url = f"http://127.0.0.1:{self.port}/publish"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.server.shutdown()
        self.server.server_close()

    @staticmethod
    def deny(_):
        return 200, b'{"allow": false}', {}

    @staticmethod
    def grant(_):
        return 200, b'{"allow": true}', {}

    @staticmethod
    def grant_to(channel):
        return lambda _: (200, json.dumps({"allow": True, "channel": channel}).encode(), {})

    def answer(self, request):
        text = request.rfile.read(int(request.headers["Content-Length"]))
        if self.secret:
            code = hmac.new(self.secret.encode(), text, hashlib.sha256).hexdigest()
            self.unsigned += request.headers["X-Vitrine-Signature"] != f"sha256={code}"
        body = json.loads(text)
        self.asked.append(body)
        mode = self.mode
        if mode == "slow":
            self.ending.wait(60)
            return
        status, answer, headers = mode(body) if callable(mode) else (200, b'{"allow": true}', {})
        if mode == "redirect":
            status, headers = 307, {"Location": self.url}
        if mode == "large":
            answer += b" " * (10 << 20)
        try:
            request.send_response(status)
            for name, value in headers.items():
                request.send_header(name, value)
            request.send_header("Content-Length", str(len(answer)))
            request.end_headers()
            request.wfile.write(answer)
        except (BrokenPipeError, ConnectionResetError):
            pass                     # it did not want all of it


def nobody_listens():
    """The address of a server that is not there."""
    with HookServer() as gone:
        return gone.url
