#!/usr/bin/env python3
"""The edge configurations of samples/edge as they are, but for their ports: 200 players before Varnish and nginx, what
reaches the origin, what an edge adds, signed addresses, and the tree on disk behind a bare nginx."""
import re
import shutil
import ssl
import statistics
import subprocess
import tempfile
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from pathlib import Path

from browser import Browser
from harness import TOP, Daemon, Publisher, free_ports, http, main, require, wait_for
from scene_player import FLAT

EDGE = TOP / "samples" / "edge"
PLAYERS = TOP / "build" / "tests" / "tools" / "players"
EACH, WATCHED = 100, 12            # players of a rendition; seconds
MOST = 1.1                         # requests at the origin for each part or playlist that is new
KEY = "a key for the edge's scene"
CHANNELS = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 320x180, fps: 30}
    renditions:
      - {name: big, size: 320x180, bitrate: 300k}
      - {name: small, size: 160x90, bitrate: 150k}
    slate: {after: 1s, grace: 30s}
    encoder: {preset: ultrafast}
    hls: {segment: 2s, part: %s, window: 60s}
"""
UNVERIFIED = ssl._create_unverified_context()


def placed(name, folder, ports):
    """A sample configuration in `folder`, with other ports."""
    text = (EDGE / name).read_text()
    for was, now in ports.items():
        require(was in text, f"{name} has no {was}")
        text = text.replace(was, now)
    path = folder / name
    path.write_text(text)
    return path


def certificate(folder):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days",
                    "1", "-subj", "/CN=localhost", "-keyout", folder / "key.pem", "-out", folder / "certificate.pem"],
                   check=True, capture_output=True)


class Nginx:
    """nginx with a sample configuration."""

    def __init__(self, name, ports, address):
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-nginx-"))
        self.folder.chmod(0o755)                   # its workers may be somebody else
        certificate(self.folder)
        self.log = open(self.folder / "output", "w+b")
        config = placed(name, self.folder, ports)
        self.process = subprocess.Popen(["nginx", "-p", self.folder, "-c", config, "-g", "daemon off;"],
                                        stdout=self.log, stderr=subprocess.STDOUT)
        wait_for("nginx", lambda: self.process.poll() is not None or fetch(address)[0])
        require(self.process.poll() is None, f"nginx ended: {(self.folder / 'output').read_text()}")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait(30)
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


class Varnish:
    """varnishd with the sample VCL, and a log of what it asks the origin for."""

    def __init__(self, origin_port):
        self.folder = Path(tempfile.mkdtemp(prefix="vitrine-varnish-"))
        self.folder.chmod(0o755)
        (self.port,) = free_ports(1)
        vcl = placed("low-latency.vcl", self.folder, {'.port = "8080"': f'.port = "{origin_port}"'})
        self.log = open(self.folder / "output", "w+b")
        work = self.folder / "work"
        self.process = subprocess.Popen(["varnishd", "-F", "-j", "none", "-n", work, "-a", f"127.0.0.1:{self.port}", "-f", vcl,
                                         "-s", "malloc,128m"], stdout=self.log, stderr=subprocess.STDOUT)
        wait_for("varnish", lambda: self.process.poll() is not None or
                 http(f"http://127.0.0.1:{self.port}/healthz")[0] == 200, 20)
        require(self.process.poll() is None, f"varnishd ended: {(self.folder / 'output').read_text()}")
        self.asked = open(self.folder / "asked", "w+b")
        self.logger = subprocess.Popen(["varnishncsa", "-n", work, "-b", "-F", "%s %U%q"], stdout=self.asked)

    def requests(self):
        """[(status, path with query)] of what has reached the origin."""
        rows = (self.folder / "asked").read_text().splitlines()
        return [(int(row.split(" ", 1)[0]), row.split(" ", 1)[1]) for row in rows if row[:3].isdigit()]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for process in (self.logger, self.process):
            process.terminate()
            process.wait(30)
        self.asked.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def fetch(url, **headers):
    """(status, headers, body); 0 when nobody is there."""
    try:
        with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=15, context=UNVERIFIED) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as error:
        return error.code, error.headers, error.read()
    except OSError:
        return 0, {}, b""


def publish(daemon):
    return Publisher(daemon, picture=FLAT.replace("640x360", "320x180"))


def playlists(daemon):
    return {name: wait_for(f"parts or segments of {name}", lambda: daemon.media(name), 40).path
            for name in ("big", "small", "audio")}


def crowd(base, video, audio, count):
    return subprocess.Popen([PLAYERS, str(count), str(WATCHED), base + video, base + audio], stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, text=True)


def results(process):
    """{player: {(track, msn, part): (listed, got)}}; no player may have met an error."""
    out, complaints = process.communicate(timeout=WATCHED + 60)
    require(process.returncode == 0 and "errors 0" in out, f"players: {out[-40:]} {complaints[-400:]}")
    players = {}
    for line in out.splitlines()[:-1]:
        player, track, msn, part, listed, got, size = map(int, line.split())
        require(size > 0, f"part {msn}.{part} is empty")
        players.setdefault(player, {})[track, msn, part] = (listed, got)
    return players


def require_whole(players, count):
    """Nobody missed anything between the first and the last that he saw."""
    require(len(players) == count, f"{len(players)} of {count} players saw parts")
    for number, seen in players.items():
        for track in (0, 1):
            places = sorted(key[1:] for key in seen if key[0] == track)
            require(len(places) >= WATCHED // 4, f"player {number} saw {len(places)} parts")
            for one, two in zip(places, places[1:]):
                require(two == (one[0], one[1] + 1) or two == (one[0] + 1, 0), f"player {number}: {two} after {one}")


def added_ms(edge, direct):
    """By how much the edge's players heard later of each part than those at the origin, sorted, in milliseconds."""
    at_origin = {}
    for seen in direct.values():
        for key, (listed, _) in seen.items():
            at_origin[key] = min(listed, at_origin.get(key, listed))
    return sorted((listed - at_origin[key]) / 1000 for seen in edge.values() for key, (listed, _) in seen.items()
                  if key in at_origin)


def require_few(requests, what):
    """`requests`: paths; on average each may come MOST times."""
    counted = Counter(requests)
    require(len(counted) > 10, f"only {len(counted)} {what} reached the origin")
    average = len(requests) / len(counted)
    print(f"# {what}: {len(counted)} asked for by {2 * EACH} players, {average:.3f} requests at the origin for each", flush=True)
    require(average <= MOST, f"{average:.2f} requests at the origin for each of the {what}: {counted.most_common(3)}")


def scene_low_latency_edge():
    with Daemon(CHANNELS % "333ms") as daemon, publish(daemon), Varnish(daemon.http_port) as varnish:
        (tls,) = free_ports(1)
        base = f"https://127.0.0.1:{tls}"
        with Nginx("low-latency.nginx.conf", {"127.0.0.1:8443": f"127.0.0.1:{tls}", "127.0.0.1:6081": f"127.0.0.1:{varnish.port}",
                                              "127.0.0.1:8080": f"127.0.0.1:{daemon.http_port}"}, base):
            paths = playlists(daemon)
            wait_for("parts", lambda: "#EXT-X-PART:" in daemon.media("big").text, 20)
            direct = crowd(daemon.url(""), paths["big"], paths["audio"], 2)
            edge = [crowd(base, paths[name], paths["audio"], EACH) for name in ("big", "small")]
            control, *watched = [results(one) for one in (direct, *edge)]
            for players in watched:
                require_whole(players, EACH)
            late = added_ms(watched[0], control)
            print(f"# the edge adds {statistics.median(late):.0f} ms (median), {late[len(late) * 99 // 100]:.0f} ms (99th percentile), "
                  f"with {2 * EACH} players on this machine", flush=True)
            asked = [path for status, path in varnish.requests() if status == 200 and path.startswith("/live/")]
            require_few([path for path in asked if "_HLS_msn" in path], "blocking playlists")
            require_few([path for path in asked if path.endswith(".m4s")], "parts")
            check_headers(daemon, base, paths["big"])
            watch_in_browser(f"{base}/watch/mango", f"{base}/live/mango/index.m3u8", True)


def check_headers(daemon, base, path):
    status, headers, _ = fetch(f"{base}{path}?viewer=7", **{"Accept-Encoding": "gzip"})
    require(status == 200 and headers["Content-Encoding"] == "gzip", f"{status} {headers}")
    require(headers["Access-Control-Allow-Origin"] == "*" and "Age" in headers["Access-Control-Expose-Headers"], f"{headers}")
    require(headers["Age"] is not None, "a cache says how old its answer is")
    segment = daemon.media("big").segments()[-1]["uri"]
    status, headers, body = fetch(base + segment, Range="bytes=0-99")
    require(status == 206 and len(body) == 100, f"a range through the edge: {status}")
    protocol = subprocess.run(["curl", "-sk", "-o", "/dev/null", "-w", "%{http_version} %{ssl_verify_result}", base + path],
                              capture_output=True, text=True).stdout.split()[0]
    require(protocol == "2", f"HTTP/{protocol} at the edge")


def watch_in_browser(page, url, low_latency):
    with Browser(page, "--any-origin") as browser:
        browser.do("probe", url=url)
        wait_for("hls.js to play", lambda: browser.do("probed")["time"] > 1, 30)
        first = browser.do("probed")["time"]
        wait_for("three seconds more", lambda: browser.do("probed")["time"] > first + 3, 20)
        state = browser.do("probed")
        require(not state["fatal"] and state["lowLatency"] == low_latency, f"{state}")


def scene_plain_edge():
    with Daemon(CHANNELS % "none") as daemon, publish(daemon):
        (tls,) = free_ports(1)
        base = f"https://127.0.0.1:{tls}"
        ports = {"127.0.0.1:8443": f"127.0.0.1:{tls}", "127.0.0.1:8080": f"127.0.0.1:{daemon.http_port}",
                 "access_log off;": "log_format asked '$upstream_status $uri'; access_log asked.log asked if=$upstream_status;"}
        with Nginx("plain.nginx.conf", ports, base) as nginx:
            paths = playlists(daemon)
            daemon.segments("big", 2)
            edge = [crowd(base, paths[name], paths["audio"], EACH) for name in ("big", "small")]
            for one in edge:
                require_whole(results(one), EACH)
            rows = [row.split(" ", 1) for row in (nginx.folder / "asked.log").read_text().splitlines()]
            segments = [path for status, path in rows if status == "200" and path.endswith(".m4s")]
            lists = [path for status, path in rows if status == "200" and path.endswith(".m3u8")]
            require_few(segments, "segments")
            most = MOST * len(paths) * (WATCHED + 4) * 4      # each is kept for a quarter of a second
            require(len(lists) <= most, f"{len(lists)} playlists at the origin, more than four a second of each")
            watch_in_browser(f"{base}/watch/mango", f"{base}/live/mango/index.m3u8", False)


def scene_signed_addresses():
    keys = Path(tempfile.mkdtemp()) / "keys"
    keys.write_text(KEY + "\n")
    try:
        with Daemon(CHANNELS % "333ms", extra=f"playback: {{signing_keys: {keys}}}\n") as daemon, publish(daemon), \
                Varnish(daemon.http_port) as varnish:
            tls, plain = free_ports(2)
            own = {"127.0.0.1:8080": f"127.0.0.1:{daemon.http_port}"}
            with Nginx("low-latency.nginx.conf", {**own, "127.0.0.1:8443": f"127.0.0.1:{tls}",
                                                  "127.0.0.1:6081": f"127.0.0.1:{varnish.port}"}, f"https://127.0.0.1:{tls}"), \
                    Nginx("plain.nginx.conf", {**own, "127.0.0.1:8443": f"127.0.0.1:{plain}"}, f"https://127.0.0.1:{plain}"):
                for port in (tls, plain):
                    check_signatures(daemon, f"https://127.0.0.1:{port}")
                signed = sign(daemon)
                base = f"https://127.0.0.1:{tls}"
                watch_in_browser(base + signed["watch"], base + signed["playlist"], True)
                with Browser(base + signed["watch"]) as browser:
                    browser.plays()
                for _, path in varnish.requests():
                    require(path.startswith("/@") or not path.startswith("/live/") or "mango" in path, path)
    finally:
        shutil.rmtree(keys.parent)


def sign(daemon):
    return daemon.api("POST", "/v1/channels/mango/signatures", {"expires_in": 600}, 201)


def check_signatures(daemon, base):
    """Whoever has a token reads what others have put into the cache; who has none does not."""
    one, two = sign(daemon), sign(daemon)
    wait_for("the show", lambda: fetch(base + one["playlist"])[0] == 200, 40)
    status, _, index = fetch(base + one["playlist"])
    media = next(line for line in index.decode().splitlines() if line.endswith("big.m3u8"))
    paths = [urllib.parse.urljoin(signed["playlist"], media) for signed in (one, two)]
    wait_for("a segment", lambda: b"#EXTINF" in fetch(base + paths[0])[2], 20)
    segment = re.findall(r"^[^#\n]+\.m4s$", fetch(base + paths[0])[2].decode(), re.M)[-1]
    first, second = (fetch(base + urllib.parse.urljoin(path, segment)) for path in paths)
    require(first[0] == second[0] == 200 and first[2] == second[2] and first[2], "a segment by two tokens")
    bare = urllib.parse.urljoin(paths[0], segment).split("/", 2)[2]
    token = one["token"]
    spoilt = token[:-1] + ("A" if token[-1] != "A" else "B")
    for path in (f"/{bare}", f"/@{spoilt}/{bare}", f"/@{token}x/{bare}", f"/@{token}/{bare.replace('mango', 'papaya', 1)}"):
        status, _, body = fetch(base + path)
        require(status in (401, 403), f"{status} for {path}")
    status, _, body = fetch(base + f"/@{spoilt}{urllib.parse.urlparse(paths[0]).path[len(token) + 2:]}")
    require(status == 403 and b"#EXTM3U" not in body, f"{status}")


def scene_bare_nginx():
    with Daemon(CHANNELS % "333ms") as daemon, publish(daemon):
        paths = playlists(daemon)
        daemon.segments("big", 3)
        (port,) = free_ports(1)
        base = f"http://127.0.0.1:{port}"
        for folder in (daemon.folder, daemon.folder / "var"):
            folder.chmod(0o755)
        with Nginx("static.nginx.conf", {"127.0.0.1:8090": f"127.0.0.1:{port}", "root var;": f"root {daemon.folder}/var;"}, base):
            status, headers, body = fetch(base + paths["big"])
            require(status == 200 and headers["Content-Type"] == "application/vnd.apple.mpegurl", f"{status} {headers}")
            require(b"#EXT-X-PART" not in body and b"#EXT-X-SERVER-CONTROL" not in body, "plain HLS")
            for path in ("/live/mango/sequence", paths["big"].replace(".m3u8", ".ll.m3u8"),
                         paths["big"].replace(".m3u8", ".past-1"), paths["big"].replace("big.m3u8", "state.json"),
                         "/live/mango/", "/state.db"):
                require(fetch(base + path)[0] in (403, 404), path)
            watch_in_browser(daemon.url("/watch/mango"), f"{base}/live/mango/index.m3u8", False)
            picture = subprocess.run(["ffmpeg", "-nostdin", "-v", "warning", "-live_start_index", "-3", "-i",
                                      f"{base}/live/mango/index.m3u8", "-t", "4", "-f", "null", "-"], capture_output=True, text=True)
            require(picture.returncode == 0 and "rror" not in picture.stderr, picture.stderr)


if __name__ == "__main__":
    main()
