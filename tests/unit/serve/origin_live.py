"""What players of a live output are told: playlists that wait, deltas, parts that are hinted, returns."""
import gzip
import json
import signal
import socket
import time

from origin_talk import LIMIT, TOKEN, Failure, Later, problem, same, wait


class Live:
    """The folder of a low-latency output with one rendition: whole segments, then the parts of the next one."""

    def __init__(self, origin, show, target=2, rendition="720p"):
        self.origin, self.show, self.target, self.name = origin, show, target, rendition
        self.folder = origin.folder / "live/mango" / show / "main"
        self.folder.mkdir(parents=True)
        self.msn, self.parts, self.closed, self.ended = 5, 0, 0, False      # closed: parts of the last whole segment
        self.address = f"/live/mango/{show}/main/{rendition}"
        self.write()

    def text(self, skip=0):
        lines = ["#EXTM3U", "#EXT-X-VERSION:9", f"#EXT-X-TARGETDURATION:{self.target}",
                 "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,PART-HOLD-BACK=1.5,"
                 f"CAN-SKIP-UNTIL={6 * self.target},CAN-SKIP-DATERANGES=YES",
                 "#EXT-X-PART-INF:PART-TARGET=0.5", "#EXT-X-MEDIA-SEQUENCE:1"]
        lines += [f"#EXT-X-SKIP:SKIPPED-SEGMENTS={skip}"] if skip else []
        for msn in range(1 + skip, self.msn):
            lines += self.part_lines(msn, self.closed if msn == self.msn - 1 else 0)
            lines += [f"#EXTINF:{self.target},", f"{self.name}-{msn}.m4s"]
        lines += self.part_lines(self.msn, self.parts)
        return "\n".join([*lines, *["#EXT-X-ENDLIST"] * self.ended, ""])

    def part_lines(self, msn, count):
        return [f'#EXT-X-PART:DURATION=0.5,URI="{self.name}-{msn}.{part}.m4s"' for part in range(count)]

    def put(self, name, data):
        (self.folder / "x.tmp").write_bytes(data)
        (self.folder / "x.tmp").rename(self.folder / name)

    def write(self):
        for form, skip in (("", 0), (".ll", 0), (".skip", 2), (".skip2", 3)):
            self.put(f"{self.name}{form}.m3u8", self.text(skip).encode())

    def part(self, studio):
        self.put(f"{self.name}-{self.msn}.{self.parts}.m4s", bytes([self.parts]) * 1000)
        self.parts += 1
        self.write()
        studio.send("desk.part", output="main", msn=self.msn, part=self.parts - 1)

    def segment(self, studio):
        self.put(f"{self.name}-{self.msn}.m4s", b"s" * 2000)
        self.msn, self.closed, self.parts = self.msn + 1, self.parts, 0
        self.write()
        studio.send("desk.part", output="main", msn=self.msn - 1, part=-1)

    def end(self):
        self.ended = True
        self.write()

    def get(self, query="", **headers):
        return self.origin.public("GET", f"{self.address}.m3u8{query}", **headers)

    def later(self, query="", count=1, method="GET", path=None):
        before = waiting(self.origin)
        all = [Later(self.origin.public, method, (path or f"{self.address}.m3u8") + query) for _ in range(count)]
        wait(lambda: waiting(self.origin) == before + count)
        return all


def waiting(origin):
    metrics = origin.ask(origin.admin, "GET", "/metrics", None, {"Authorization": f"Bearer {TOKEN}"})[1].decode()
    return next(int(line.split()[1]) for line in metrics.splitlines() if line.startswith("vitrine_http_waiting "))


def blocked(answered, live):
    answer, body = answered
    same(answer.status, 200, f"status of {body[:200]}")
    same(answer.getheader("Cache-Control"), f"max-age=0, s-maxage={6 * live.target}")
    same(body.decode(), live.text())


def playlists_wait_for_what_was_asked(origin):
    studio, _ = origin.show("ll1")
    live = Live(origin, "ll1")
    same(live.get()[0].getheader("Cache-Control"), "max-age=1")
    for query in ("?_HLS_msn=4", "?_HLS_msn=1&_HLS_part=9", "?_HLS_msn=4&x=1&token=a%20b"):
        blocked(live.get(query), live)

    first, second, whole = (live.later(f"?_HLS_msn=5{more}", 3) for more in ("&_HLS_part=0", "&_HLS_part=1", ""))
    past, head = live.later("?_HLS_msn=6&_HLS_part=0"), live.later("?_HLS_msn=5&_HLS_part=0", method="HEAD")
    live.part(studio)
    for one in first:
        blocked(one.get(), live)
    answer, body = head[0].get()
    same((answer.status, body, answer.getheader("Content-Length")), (200, b"", str(len(live.text()))))
    same(waiting(origin), 7)
    studio.send("desk.part", output="main", msn=5, part=0)         # said twice: nothing new
    studio.send("desk.part", output="other", msn=5, part=1)
    studio.send("desk.part", output="../main", msn=5, part=1)
    live.part(studio)
    for one in second:
        blocked(one.get(), live)
    same(waiting(origin), 4)
    beyond = live.later("?_HLS_msn=5&_HLS_part=2")
    live.segment(studio)
    for one in whole:
        blocked(one.get(), live)
    same(waiting(origin), 2)
    live.part(studio)
    for one in past + beyond:
        blocked(one.get(), live)

    for query in ("?_HLS_part=0", "?_HLS_msn=8", "?_HLS_msn=6&_HLS_part=7", "?_HLS_msn=x", "?_HLS_msn=6&_HLS_part=-1"):
        answered = live.get(query)
        problem((answered[0], json.loads(answered[1])), 400)
        same(answered[0].getheader("Cache-Control"), "max-age=1", query)
    held = live.later("?_HLS_msn=6&_HLS_part=1", 2)
    live.end()
    origin.over()
    for one in held:
        answer, body = one.get()
        same((answer.status, body.decode(), answer.getheader("Cache-Control")), (200, live.text(), "max-age=1"))
    same(live.get("?_HLS_msn=900&_HLS_part=9&_HLS_skip=YES")[1].decode(), live.text())


def deltas_are_sent_to_who_asks(origin):
    studio, _ = origin.show("ll2")
    live = Live(origin, "ll2")
    same(live.get("?_HLS_skip=YES")[1].decode(), live.text(2))
    same(live.get("?_HLS_skip=v2")[1].decode(), live.text(3))
    same(live.get("?_HLS_skip=no")[1].decode(), live.text())
    held = live.later("?_HLS_msn=5&_HLS_part=0&_HLS_skip=YES")
    live.part(studio)
    same(held[0].get()[1].decode(), live.text(2))
    (live.folder / "720p.skip2.m3u8").unlink()
    same(live.get("?_HLS_skip=v2")[1].decode(), live.text(2))
    (live.folder / "720p.skip.m3u8").unlink()
    same(live.get("?_HLS_skip=v2")[1].decode(), live.text())
    for form in ("ll", "skip", "skip2"):
        same(origin.public("GET", f"{live.address}.{form}.m3u8")[0].status, 404)
    (live.folder / "720p.ll.m3u8").unlink()                         # a plain playlist knows no directives
    (live.folder / "720p.m3u8").write_text(live.text().replace("CAN-BLOCK-RELOAD=YES,", ""))
    same(live.get("?_HLS_msn=900")[0].getheader("Cache-Control"), "max-age=1")
    origin.over()


def past_lines_come_from_a_file(origin):
    """What the low-latency forms leave to a file is sent in its place, and held requests end as ever."""
    studio, _ = origin.show("ll9")
    live = Live(origin, "ll9")
    whole = live.text()

    def leave(msn):
        start, end = whole.index("#EXTINF"), whole.index(f"#EXTINF:{live.target},\n{live.name}-{msn}")
        live.put(f"{live.name}.past-1", b"over\n" + whole[start:end].encode() + b"and more\n")
        return f"#VITRINE-PAST:{live.name}.past-1,5,{end - start},{msn - 1}\n".join((whole[:start], whole[end:]))

    held = live.later("?_HLS_msn=5&_HLS_part=0")
    live.parts = 1
    whole = live.text()
    live.put(f"{live.name}.ll.m3u8", leave(4).encode())
    studio.send("desk.part", output="main", msn=5, part=0)
    blocked(held[0].get(), live)
    same(live.get()[1].decode(), whole)
    packed, body = live.get(**{"Accept-Encoding": "gzip"})
    same((packed.getheader("Content-Encoding"), gzip.decompress(body).decode()), ("gzip", whole))
    same(origin.public("GET", f"{live.address}.past-1")[0].status, 404)
    (live.folder / f"{live.name}.past-1").unlink()                 # lost: the plain form is there
    live.put(f"{live.name}.ll.m3u8", leave(4).replace("past-1", "past-2").encode())
    same(live.get()[1].decode(), (live.folder / f"{live.name}.m3u8").read_text())
    origin.over()


def hinted_parts_are_held(origin):
    studio, _ = origin.show("ll3")
    live = Live(origin, "ll3", target=4)
    held = live.later(path=f"{live.address}-5.0.m4s", count=3)
    next_one, segment = live.later(path=f"{live.address}-5.1.m4s"), live.later(path=f"{live.address}-5.m4s")
    live.part(studio)
    for one in held:
        answer, body = one.get()
        same((answer.status, body, answer.getheader("Content-Type")), (200, bytes(1000), "video/iso.segment"))
        same("immutable" in answer.getheader("Cache-Control"), True)
    same(waiting(origin), 2)
    for name in ("-5.7.m4s", "-7.0.m4s", "-6.m4s", "-4.0.m4s", "-9.m4s", "-0.m4s", "-5.0.ts"):
        answer, _ = origin.public("GET", live.address + name)
        same((answer.status, answer.getheader("Cache-Control")), (404, "max-age=1"), name)
    live.segment(studio)                                           # part 1 was hinted, and never came
    same(next_one[0].get()[0].status, 404)
    same(segment[0].get()[1], b"s" * 2000)
    origin.over()


def waiting_has_an_end(origin):
    studio, _ = origin.show("ll4")
    live = Live(origin, "ll4", target=1)
    began = time.monotonic()
    late, hint = live.later("?_HLS_msn=5"), live.later(path=f"{live.address}-5.0.m4s")
    for one in late + hint:
        answer, body = one.get()
        problem((answer, json.loads(body)), 503)
        same((answer.getheader("Retry-After"), answer.getheader("Cache-Control")), ("1", "no-store"))
    same(time.monotonic() - began >= 2.5, True, "waited three target durations")
    held = live.later("?_HLS_msn=5", 2)
    origin.over()
    for one in held:
        same(one.get()[0].status, 503)


def who_hangs_up_is_forgotten(origin):
    studio, _ = origin.show("ll5")
    live = Live(origin, "ll5", target=30)
    clients = []
    for number in range(20):
        client = socket.create_connection(("127.0.0.1", origin.http), LIMIT)
        client.sendall(f"GET {live.address}.m3u8?_HLS_msn=5 HTTP/1.1\r\nHost: a\r\n\r\n".encode())
        clients.append(client)
    wait(lambda: waiting(origin) == 20)
    for client in clients[::2]:
        client.close()
    wait(lambda: waiting(origin) == 10)
    live.segment(studio)
    for client in clients[1::2]:
        same(client.recv(12), b"HTTP/1.1 200")
        while not data_ends(client, live.text()):
            pass
        client.sendall(f"HEAD {live.address}.m3u8 HTTP/1.1\r\nHost: a\r\n\r\n".encode())   # it is kept alive
        same(client.recv(12), b"HTTP/1.1 200")
        client.close()
    same(waiting(origin), 0)
    origin.over()


def data_ends(client, text):
    data = client.recv(65536, socket.MSG_PEEK)
    if not data:
        raise Failure("the connection ended")
    if data.endswith(text.encode()):
        client.recv(len(data))
        return True
    return False


def a_studio_or_origin_comes_back(origin):
    studio, _ = origin.show("ll6")
    live = Live(origin, "ll6", target=5)
    held = live.later("?_HLS_msn=5&_HLS_part=0")
    studio.end.close()                                             # killed: who waits goes on waiting
    studio, _ = origin.show("ll6")
    same(waiting(origin), 1)
    live.part(studio)
    blocked(held[0].get(), live)
    held = live.later("?_HLS_msn=5&_HLS_part=1")
    same(origin.stop(signal.SIGKILL), -signal.SIGKILL)
    held[0].join(LIMIT)
    same(isinstance(held[0].result, Exception), True, "the connection broke")
    origin.start()
    studio, _ = origin.show("ll6")
    held = live.later("?_HLS_msn=5&_HLS_part=1")
    live.part(studio)
    blocked(held[0].get(), live)
    origin.over()
