#!/usr/bin/env python3
"""The README's first command, as a visitor runs it."""
import subprocess

from harness import TOP, Skip, http, main, require
import socket


def scene_demo_ends_by_itself():
    for port in (1935, 8080, 8081):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                raise Skip(f"port {port} is in use") from None
    demo = subprocess.run([TOP / "script/demo", "--seconds", "45"], capture_output=True, text=True, timeout=300)
    require(demo.returncode == 0, f"exit code {demo.returncode}: {(demo.stdout + demo.stderr)[-3000:]}")
    for word in ("http://127.0.0.1:8080/watch/mango", "http://127.0.0.1:8081/v1", "admin.token", "on air", "price of"):
        require(word in demo.stdout, f"the demo does not say {word}")
    require(http("http://127.0.0.1:8080/healthz")[0] == 0, "something still serves")


if __name__ == "__main__":
    main()
