"""A publisher that asks and does not push: what RTMP answers to `publish`, and how soon."""
import socket
import ssl
import struct
import time


def _text(value):
    value = value.encode() if isinstance(value, str) else value
    return b"\x02" + struct.pack(">H", len(value)) + value


def _message(body):
    head = b"\x03\0\0\0" + struct.pack(">I", len(body))[1:] + b"\x14" + bytes(4)
    return head + b"\xc3".join(body[at:at + 128] for at in range(0, len(body), 128))


def _command(name, transaction, *arguments):
    return _message(_text(name) + b"\0" + struct.pack(">d", transaction) + b"".join(arguments))


def _property(answer, name):
    at = answer.find(struct.pack(">H", len(name)) + name.encode() + b"\x02")
    if at < 0:
        return ""
    at += 2 + len(name) + 1
    size, = struct.unpack(">H", answer[at:at + 2])
    return answer[at + 2:at + 2 + size].decode(errors="replace")


class Answer:
    """`code` "" and `description` "": the connection was closed without a word, or nothing came in time."""

    def __init__(self, code, description, seconds):
        self.code, self.description, self.seconds = code, description, seconds

    def granted(self):
        return self.code == "NetStream.Publish.Start"


def publish_words(key, encoder="a test"):
    """Everything that such a publisher sends, up to `publish`."""
    app = b"\x03\0\x03app" + _text("live") + b"\0\x08flashVer" + _text(encoder) + b"\0\0\x09"
    return (b"\x03" + bytes(1536) + bytes(1536) + _command("connect", 1, app) + _command("createStream", 2, b"\x05") +
            _command("publish", 3, b"\x05", _text(key), _text("live")))


def ask(port, key, encoder="a test", tls=False, limit=30, source=None):
    start = time.monotonic()
    raw = socket.create_connection(("127.0.0.1", port), timeout=limit,
                                   source_address=(source, 0) if source else None)
    if tls:
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        raw = context.wrap_socket(raw)
    heard = b""
    with raw:
        try:
            raw.sendall(publish_words(key, encoder))
            while not (_property(heard, "code").startswith("NetStream") and _property(heard, "description")):
                got = raw.recv(4096)
                if not got:
                    break
                heard += got
                heard = heard[heard.find(b"onStatus"):] if b"onStatus" in heard else heard
        except (ConnectionResetError, BrokenPipeError, TimeoutError):
            pass
        return Answer(_property(heard, "code"), _property(heard, "description"), time.monotonic() - start)
