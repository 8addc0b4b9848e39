"""RTMP as a publisher writes it, byte for byte, so that a case can write it wrongly."""
import struct

HELLO = b"\x03" + bytes(1536)
C2 = bytes(1536)


def text(value):
    value = value.encode() if isinstance(value, str) else value
    return b"\x02" + struct.pack(">H", len(value)) + value


def number(value):
    return b"\x00" + struct.pack(">d", value)


def members(**values):
    return b"\x03" + b"".join(struct.pack(">H", len(name)) + name.encode() + value
                              for name, value in values.items()) + b"\x00\x00\x09"


def head(csid, kind, size, stream=0, time=0):
    return bytes([csid]) + struct.pack(">I", time)[1:] + struct.pack(">I", size)[1:] + bytes([kind]) + \
        struct.pack("<I", stream)


def message(kind, body, csid=3, stream=0, chunk=128):
    out = head(csid, kind, len(body), stream) + body[:chunk]
    for at in range(chunk, len(body), chunk):
        out += bytes([0xc0 | csid]) + body[at:at + chunk]
    return out


def connect(app="live", **more):
    return message(20, text("connect") + number(1) + members(app=text(app), **more))


def command(name, transaction, *arguments, stream=0):
    return message(20, text(name) + number(transaction) + b"\x05" + b"".join(arguments), stream=stream)


def setup(key="papaya-key", connected=None):
    return HELLO + C2 + (connect() if connected is None else connected) + command("createStream", 2) + \
        command("publish", 3, text(key), text("live"), stream=1)


def control(kind, value):
    return message(kind, struct.pack(">I", value), csid=2)


def rest(key="papaya-key", connected=None):
    """All of a publisher's set-up but its handshake."""
    return setup(key, connected)[len(HELLO) + len(C2):]
