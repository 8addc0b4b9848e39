#!/usr/bin/env python3
"""The origin with an address of another machine before it, in a network of its own: origin_crowd.py EXECUTABLE. TAP."""
import shutil
import socket
import subprocess
import sys

import origin_talk

ADDRESS, EACH = "192.0.2.1", 3


def listener():
    one = socket.socket()
    one.bind((ADDRESS, 0))
    one.listen(64)
    return one


def is_answered(connection):
    try:
        connection.sendall(b"GET /healthz HTTP/1.1\r\nHost: origin\r\n\r\n")
        return connection.recv(12) == b"HTTP/1.1 200"
    except ConnectionError:
        return False


def connections_are_limited(origin):
    def connect():
        return socket.create_connection((ADDRESS, origin.http), timeout=origin_talk.LIMIT)
    held = [connect() for _ in range(EACH)]
    origin_talk.same([is_answered(one) for one in held], [True] * EACH, "answers up to the limit")
    with connect() as late:
        origin_talk.same(is_answered(late), False, "an answer past the limit")
    held.pop().close()
    # The one that has gone makes room as soon as the origin has seen it.
    origin_talk.wait(lambda: is_answered(connect()))
    with socket.create_connection((ADDRESS, origin.admin), timeout=origin_talk.LIMIT) as admin:
        origin_talk.same(is_answered(admin), True, "an answer of the API's socket")


def main():
    if len(sys.argv) == 2:
        command = ["unshare", "--user", "--map-root-user", "--net", sys.executable, __file__, sys.argv[1], "--inside"]
        if subprocess.run([*command[:4], "true"], capture_output=True).returncode:
            print("1..0 # SKIP this machine lets nobody make a network of his own")
            return 0
        return subprocess.run(command).returncode
    subprocess.run(["ip", "link", "set", "lo", "up"], check=True)
    subprocess.run(["ip", "address", "add", f"{ADDRESS}/32", "dev", "lo"], check=True)
    origin_talk.listener = listener
    origin_talk.Origin.more_at_first = {"per_address": EACH}
    origin = origin_talk.Origin(sys.argv[1])
    print("1..1")
    try:
        connections_are_limited(origin)
        print("ok 1 - connections_are_limited")
        return 0
    except Exception as trouble:
        print(f"not ok 1 - connections_are_limited: {trouble!r}")
        return 1
    finally:
        origin.stop()
        shutil.rmtree(origin.folder)


if __name__ == "__main__":
    sys.exit(main())
