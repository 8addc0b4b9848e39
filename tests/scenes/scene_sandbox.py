#!/usr/bin/env python3
"""Every process tries what it must not, after it is locked in; and none of them is refused anything that it needs."""
import os
import re

from asking import ask
from harness import Publisher, main, require, wait_for
from hook_server import HookServer
from scene_srt import SrtPublisher, publisher_of
from scene_webhook import hooked_daemon

READS, WRITES = {"read files"}, {"read files", "write files"}
MAY = {
    "gate rtmp": set(), "gate tls": set(), "gate srt": set(), "ingest -": set(),
    "studio mango": READS | {"map code"},      # writes only beneath its channel's folder
    "origin": READS,                           # writes only beneath the data folder
    "hook": READS | {"make sockets"},
}
WITHOUT_LANDLOCK = {"studio mango": WRITES | {"map code"}, "origin": WRITES}
ALL = {"read files", "write files", "make sockets", "make local sockets", "run programs", "start processes", "map code",
       "read memory of others", "be traced", "signal others", "change its user"}


def words(text):
    return set(text.split(", ")) - {"nothing", ""}


def limits(pid):
    with open(f"/proc/{pid}/limits", encoding="ascii") as file:
        rows = [re.split(r"\s{2,}", line.strip()) for line in file]
    return {row[0]: row[2] for row in rows[1:]}


def facts(pid):
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return {name: value.strip() for name, _, value in (line.partition(":") for line in file)}


def run_all_roles(mode, look):
    """Runs every role with VITRINE_SANDBOX=mode, then look(daemon)."""
    before = os.environ.pop("VITRINE_SANDBOX", None)
    os.environ["VITRINE_SANDBOX"] = mode
    try:
        with HookServer() as hook:
            hook.mode = hook.grant
            with hooked_daemon(hook.url) as daemon, Publisher(daemon, "mango-key", "testsrc2=size=320x180:rate=30"):
                daemon.segments("big", 1)
                with SrtPublisher(daemon, "streamid=lime-key&passphrase=a long passphrase"):
                    wait_for("one over SRT", lambda: (publisher_of(daemon, "lime") or {}).get("frames"))
                    ask(daemon.tls_port, "nobody's", tls=True)
                    daemon.api("POST", "/v1/channels/mango/cues", {"template": "x"})
                    look(daemon)
    finally:
        os.environ.pop("VITRINE_SANDBOX")
        if before is not None:
            os.environ["VITRINE_SANDBOX"] = before


def check_attempts(daemon):
    said = dict(re.findall(r"info +([a-z]+(?: [a-z-]+)?): locked in; (may: .*; may not: .*)", daemon.text()))
    require(set(MAY) <= set(said), f"only {sorted(said)} tried")
    landlock = "no Landlock" not in daemon.text()
    for role, expected in MAY.items():
        may, may_not = re.fullmatch(r"may: (.*); may not: (.*)", said[role]).groups()
        expected = expected if landlock else WITHOUT_LANDLOCK.get(role, expected)
        require(words(may) == expected and words(may_not) == ALL - expected, f"{role}: {said[role]}")


def check_marks(daemon):
    for title, pid in daemon.children().items():
        role, status, limit = title.removeprefix("vitrine "), facts(pid), limits(pid)
        require(status["Seccomp"] == "2" and status["NoNewPrivs"] == "1", f"{role} is not locked in")
        require(limit["Max core file size"] == "0" and limit["Max address space"] != "unlimited" and
                int(limit["Max open files"]) <= 65536, f"{role}: {limit}")
        if role in ("gate rtmp", "gate tls"):
            require(limit["Max processes"] == "0", f"{role}: {limit}")


def scene_nobody_may_what_he_must_not():
    def look(daemon):
        check_attempts(daemon)
        check_marks(daemon)
    run_all_roles("show", look)


# What libraries ask for, are refused, and do without: the C library's character sets (of a programme's name in MPEG-TS),
# and whether it may give back a thread's memory early.
HARMLESS = r"openat (/usr/lib/\S*/gconv/\S+|/proc/sys/vm/overcommit_memory)"


def scene_nobody_is_refused_what_he_needs():
    def look(daemon):
        refused = {one for one in re.findall(r"sandbox: refused (.+)", daemon.text()) if not re.fullmatch(HARMLESS, one)}
        require(not refused, f"refused: {sorted(refused)}")
    run_all_roles("log", look)


if __name__ == "__main__":
    main()
