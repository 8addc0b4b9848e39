#!/usr/bin/env python3
"""Low latency as a player meets it: each blocking answer held against the rules, and hls.js close to the live edge."""
import http.client
import re
import threading
import time
import urllib.parse

from browser import Browser
from harness import Daemon, Playlist, Publisher, main, require, wait_for
from scene_player import FLAT, take

FOLLOWED = 20           # seconds
RENDITIONS = ("big", "small", "audio")


class Client:
    """One connection that is kept."""

    def __init__(self, daemon):
        self.connection = http.client.HTTPConnection("127.0.0.1", daemon.http_port, timeout=30)

    def get(self, path, headers=None):
        self.connection.request("GET", path, headers=headers or {})
        answer = self.connection.getresponse()
        return answer, answer.read()

    def list(self, path, **directives):
        query = "&".join(f"_HLS_{name}={value}" for name, value in directives.items())
        answer, body = self.get(f"{path}?{query}" if query else path)
        require(answer.status == 200, f"{path}?{query}: {answer.status} {body[:200]}")
        if "msn" in directives:
            life = 6 * int(Playlist(body.decode(), path).tag("EXT-X-TARGETDURATION"))
            require(answer.getheader("Cache-Control") == f"max-age=0, s-maxage={life}", f"{answer.getheader('Cache-Control')}")
        return Listing(body.decode(), path)


class Later(threading.Thread):
    """A call in a thread; get() gives its value or raises what it raised."""

    def __init__(self, call, *args, **more):
        super().__init__(daemon=True)
        self.call, self.args, self.more, self.value, self.trouble = call, args, more, None, None
        self.start()

    def run(self):
        try:
            self.value = self.call(*self.args, **self.more)
        except Exception as trouble:
            self.trouble = trouble

    def get(self):
        self.join(40)
        if self.trouble:
            raise self.trouble
        require(not self.is_alive(), "no answer")
        return self.value


def attributes(text):
    return {name: value.strip('"') for name, value in re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', text)}


class Listing(Playlist):
    """A low-latency playlist: its parts, hint and reports."""

    def __init__(self, text, path):
        super().__init__(text, path)
        self.parts, self.blocks, self.skipped = {}, {}, 0
        self.head, self.hint, self.reports = [], None, []
        self.read()

    def read(self):
        self.next = self.sequence()
        lines = []
        for line in self.text.splitlines():
            if line.startswith("#EXT-X-SKIP:"):
                self.skipped = int(attributes(line[12:])["SKIPPED-SEGMENTS"])
                self.next += self.skipped
            elif line.startswith("#EXT-X-PART:"):
                self.parts.setdefault(self.next, []).append(attributes(line[12:]))
                lines.append(line)
            elif line.startswith("#EXT-X-PRELOAD-HINT:"):
                require(self.hint is None, f"two hints in {self.path}")
                self.hint = attributes(line[20:])
            elif line.startswith("#EXT-X-RENDITION-REPORT:"):
                self.reports.append(attributes(line[24:]))
            elif line and not line.startswith("#"):
                self.blocks[self.next] = [*lines, line]
                self.next, lines = self.next + 1, []
            elif line.startswith(("#EXTINF", "#EXT-X-PROGRAM", "#EXT-X-GAP", "#EXT-X-DISCONTINUITY\n", "#EXT-X-BITRATE")):
                lines.append(line)
            elif line.startswith("#EXT-X-MAP"):
                pass                         # applies to all; its place depends on which segment is the first
            else:
                self.head.append(line)
        self.open = lines

    def edge(self):
        """What comes next: (msn, part)."""
        return self.next, len(self.parts.get(self.next, []))

    def constants(self):
        return [self.tag(name) for name in ("EXT-X-TARGETDURATION", "EXT-X-PART-INF", "EXT-X-SERVER-CONTROL")]


def media_path(daemon, name):
    return wait_for(f"the playlist of {name}", lambda: daemon.media(name), 40).path


def low_latency_path(daemon, name):
    path = media_path(daemon, name)
    wait_for(f"parts of {name}", lambda: "#EXT-X-PART:" in (daemon.media(name).text or ""), 20)
    return path


def holds(listing, msn, part):
    """Whether it contains the part (None: the whole segment) or anything later."""
    return listing.edge() > (msn, part) if part is not None else listing.next > msn


def check_parts(listing):
    target = float(attributes(listing.tag("EXT-X-PART-INF"))["PART-TARGET"])
    for msn, parts in listing.parts.items():
        for index, part in enumerate(parts):
            length = float(part["DURATION"])
            require(length <= target + 1e-6, f"{part['URI']} lasts {length}, the target is {target}")
            last = index == len(parts) - 1
            excused = last or part.get("INDEPENDENT") == "YES" or "GAP" in part or "GAP" in parts[index + 1]
            require(excused or length >= 0.85 * target, f"{part['URI']} lasts {length}, the target is {target}")
        if msn in listing.blocks:
            whole = float(re.search(r"#EXTINF:([0-9.]+)", "\n".join(listing.blocks[msn]))[1])
            total = sum(float(part["DURATION"]) for part in parts)
            require(abs(whole - total) < 0.002 * len(parts), f"segment {msn} lasts {whole}, its parts {total}")


def check_control(listing):
    control = attributes(listing.tag("EXT-X-SERVER-CONTROL"))
    target = int(listing.tag("EXT-X-TARGETDURATION"))
    part = float(attributes(listing.tag("EXT-X-PART-INF"))["PART-TARGET"])
    require(control["CAN-BLOCK-RELOAD"] == "YES", f"{control}")
    require(float(control["PART-HOLD-BACK"]) >= 3 * part - 1e-6, f"{control}, parts of {part}")
    require(float(control["CAN-SKIP-UNTIL"]) >= 6 * target, f"{control}, segments of {target}")


def check_reports(listing, others):
    at = sorted(report["URI"] for report in listing.reports)
    require(at == sorted(others), f"reports of {at}, not of {others}")
    msn, part = listing.edge()
    for report in listing.reports:
        told = (int(report.get("LAST-MSN", -1)), int(report.get("LAST-PART", -1)))
        last = (msn, part - 1) if part > 0 else (msn - 1, len(listing.parts[msn - 1]) - 1)
        require(told == last, f"{listing.path} ends at {last}, and says that {report['URI']} ends at {told}")


def check_hint(before, after):
    """What was hinted came next under that name."""
    msn, part = before.edge()
    uri = before.hint["URI"]
    came = [one["URI"] for one in after.parts.get(msn, [])]
    if len(came) > part:
        require(came[part] == uri, f"hinted {uri}, came {came[part]}")
        return True
    require(after.next > msn, f"asked for {msn}.{part}, and it ends at {after.edge()}")
    first = after.parts.get(msn + 1, [{}])[0].get("URI")
    require(first is None or first == uri, f"hinted {uri}, came {first}")
    return first == uri


def merge(full, delta):
    """What a player makes of a delta update: the segments left out are those it knows."""
    blocks = {msn: full.blocks[msn] for msn in range(delta.sequence(), delta.sequence() + delta.skipped)}
    return {**blocks, **delta.blocks}


def plain_blocks(blocks):
    """Without what only stands near the live edge."""
    return {msn: [line for line in lines if not line.startswith("#EXT-X-PART:")] for msn, lines in blocks.items()}


def check_delta(before, delta, full):
    require(delta.edge() == full.edge(), f"the delta ends at {delta.edge()}, the whole at {full.edge()}")
    require(plain_blocks(merge(before, delta)) == plain_blocks(full.blocks), "a merged delta is another playlist")
    near = {msn: lines for msn, lines in full.blocks.items() if msn in delta.blocks}
    require(delta.blocks == near and delta.open == full.open, "what a delta lists is not what the whole one lists")
    dates = [[line for line in one.head if line.startswith("#EXT-X-DATERANGE")] for one in (delta, full)]
    require(dates[0] == dates[1], "a delta lost a DATERANGE")
    require((delta.hint, delta.reports) == (full.hint, full.reports), "a delta's hint or reports differ")


def check_bytes(client, path, seen, full):
    """A segment is its parts, one after the other."""
    for msn in [msn for msn in seen if msn in full.blocks and msn in full.parts]:
        parts = b"".join(seen.pop(msn))
        _, whole = client.get(urllib.parse.urljoin(path, full.blocks[msn][-1]))
        require(parts == whole, f"segment {msn} has {len(whole)} bytes, its parts {len(parts)}, or they differ")


def scene_each_answer_keeps_the_rules():
    with Daemon() as daemon, Publisher(daemon):
        path = low_latency_path(daemon, "big")
        others = [f"{name}.m3u8" for name in RENDITIONS if name != "big"]
        whole, delta, media = Client(daemon), Client(daemon), Client(daemon)
        full = whole.list(path)
        constants, seen, deltas, until, kept = full.constants(), {}, 0, time.monotonic() + FOLLOWED, 0
        check_control(full)
        first = None                         # the first segment that is followed from its first part
        while time.monotonic() < until or not deltas:
            msn, part = full.edge()
            hint = Later(media.get, urllib.parse.urljoin(path, full.hint["URI"]))
            small = Later(delta.list, path, msn=msn, part=part, skip="YES")
            now = whole.list(path, msn=msn, part=part)
            require(holds(now, msn, part), f"asked for {msn}.{part}, got one that ends at {now.edge()}")
            require(now.constants() == constants, f"{constants} became {now.constants()}")
            require(now.sequence() >= full.sequence(), "the media sequence went back")
            check_parts(now)
            check_reports(now, others)
            require(now.hint and now.hint["TYPE"] == "PART", f"no hint after {now.edge()}")
            kept += check_hint(full, now)
            answer, data = hint.get()
            require(answer.status == 200 and data, f"the hinted {full.hint['URI']}: {answer.status}")
            number = [int(one) for one in re.search(r"-(\d+)\.(\d+)\.m4s$", full.hint["URI"]).groups()]
            first = number[0] if first is None and number[1] == 0 else first
            if first is not None and number[0] >= first:
                seen.setdefault(number[0], []).append(data)
            check_bytes(media, path, seen, now)
            short = small.get()
            if short.edge() == now.edge():
                check_delta(full, short, now)
                deltas += short.skipped > 0
            full = now
            require(time.monotonic() < until + 20, f"no delta update left anything out: {full.text[:300]}")
        print(f"# {kept} hints kept, {deltas} delta updates that left something out")
        require(kept > FOLLOWED and not [msn for msn in seen if msn < full.next - 1], f"{kept} hints kept, {seen.keys()}")
        segment = whole.list(path, msn=full.next)
        require(segment.next > full.next, f"asked for segment {full.next}, got up to {segment.next}")
        refuse_what_cannot_be(whole, path, segment)


def refuse_what_cannot_be(client, path, full):
    msn, part = full.edge()
    for query in (f"_HLS_msn={msn + 3}", "_HLS_part=0", "_HLS_msn=x", f"_HLS_msn={msn}&_HLS_part={part + 100}"):
        answer, _ = client.get(f"{path}?{query}")
        require(answer.status == 400, f"{query}: {answer.status}")
    answer, body = client.get(f"{path}?_HLS_msn={max(0, full.sequence() - 1)}&_HLS_part=7")
    require(answer.status == 200 and b"#EXT-X-PART:" in body, f"an old request: {answer.status}")


def scene_all_renditions_go_on_together():
    """A blocking answer of one rendition: the same part of every other is there."""
    with Daemon() as daemon, Publisher(daemon):
        paths = [low_latency_path(daemon, name) for name in RENDITIONS]
        clients = [Client(daemon) for _ in paths]
        listings = [client.list(path) for client, path in zip(clients, paths)]
        for _ in range(12):
            msn, part = max(listing.edge() for listing in listings)
            waits = [Later(client.list, path, msn=msn, part=part) for client, path in zip(clients, paths)]
            listings = [wait.get() for wait in waits]
            for listing in listings:
                require(holds(listing, msn, part), f"{listing.path} ends at {listing.edge()}, asked for {msn}.{part}")
                check_parts(listing)


def scene_the_end_is_told_to_who_waits():
    with Daemon() as daemon, Publisher(daemon) as publisher:
        path = low_latency_path(daemon, "small")
        client = Client(daemon)
        full = client.list(path)
        daemon.api("POST", "/v1/channels/mango/end", expect=202)
        while not full.ended():
            msn, part = full.edge()
            answer, body = client.get(f"{path}?_HLS_msn={msn + 1}&_HLS_part=0")
            require(answer.status in (200, 503), f"{answer.status}")
            if answer.status == 200:
                full = Listing(body.decode(), path)
        require(full.hint is None, "a hint in an ended playlist")
        require(client.list(path, skip="YES").text == full.text, "an ended playlist was sent in part")
        publisher.stop()


def scene_hls_js_stays_close_to_live():
    with Daemon() as daemon, Publisher(daemon, picture=FLAT):
        path = low_latency_path(daemon, "big")
        full = Client(daemon).list(path)
        back = float(attributes(full.tag("EXT-X-SERVER-CONTROL"))["PART-HOLD-BACK"])
        with Browser(daemon.url("/watch/mango")) as browser:
            browser.do("probe", url=daemon.url("/live/mango/index.m3u8"))
            wait_for("the probe to play", lambda: browser.do("probed")["time"] > 3, 40)
            started = browser.do("probed")
            receipt, _, cue = take(daemon)
            spots = {spot["l"] for spot in cue["hs"]}
            wait_for("the buttons", lambda: browser.buttons(spots), 30)
            wait_for("ten seconds", lambda: browser.do("probed")["time"] > started["time"] + 10, 40)
            probed = browser.do("probed")
            print(f"# latency {probed['latency']:.2f} s, target {probed['target']:.2f} s, "
                  f"program time to glass {probed['behind']:.2f} s, hold-back {back} s, {probed['parts']} parts, "
                  f"minor errors {probed['minor']}")
            require(probed["lowLatency"] and probed["parts"] > 20, f"no parts were loaded: {probed}")
            require(not probed["fatal"], f"{probed['fatal']}")
            require(probed["target"] < back + 0.5, f"hls.js keeps {probed['target']} s away")


if __name__ == "__main__":
    main()
