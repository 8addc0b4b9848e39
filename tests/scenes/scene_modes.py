#!/usr/bin/env python3
"""`vitrine check` where players really are: behind the edges of samples/edge, in a window that slides, in recordings while
the show goes on, and in all of it once the show has ended. Other people's programs play the same addresses."""
import concurrent.futures
import contextlib
import re
import urllib.parse

from browser import Browser
from harness import TOP, Daemon, Publisher, free_ports, main, require, wait_for
from programs import ffplay, ffprobe, ffprobe_cues, gstreamer, play_live, vlc
from scene_check import ATTEMPTS, TIMING, broken_rules, check, parse_elsewhere, require_none_broken
from scene_edge import Nginx, Varnish
from scene_kills import kill, kill_everything
from scene_players import take

SOURCE = "testsrc2=size=320x180:rate=30"
CHANNEL = """
  {name}:
    keys: ["{name}-key"]
    canvas: {{size: 320x180, fps: 30}}
    renditions: [{{name: big, size: 320x180, bitrate: 300k}}]
    audio: {{bitrate: 64k}}
    encoder: {{preset: ultrafast}}
    hls: {{segment: {segment}, part: {part}, window: {window}, record: yes}}
    templates: [{card}]
"""
MODES = {"plain": ("none", "15s"), "low": ("200ms", "300s"), "ts": ("none, container: ts", "15s")}
UNTIL = 11                         # segments: short windows have slid by then, and low latency has its file of old lines


def channel(name, part, window, segment="2s"):
    return CHANNEL.format(name=name, part=part, window=window, segment=segment, card=TOP / "samples/templates/product-card.yaml")


def channels():
    return "".join(channel(name, *mode) for name, mode in MODES.items())


def recording_of(daemon, channel):
    show = re.search(r"^(\w+)/main/big\.m3u8$", daemon.playlist(f"/live/{channel}/index.m3u8").text, re.M)[1]
    return f"/live/{channel}/recordings/{show}/main/index.m3u8"


def check_all(places):
    """Each address with its options, at the same time."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(require_none_broken, url, *options, wanted=[wanted]) for url, wanted, *options in places]
        for run in runs:
            run.result()


class Edges:
    """nginx before Varnish for low latency, nginx alone for the rest; both speak TLS."""

    def __init__(self, daemon):
        low, plain = free_ports(2)
        origin = {"127.0.0.1:8080": f"127.0.0.1:{daemon.http_port}"}
        self.low, self.plain = f"https://localhost:{low}", f"https://localhost:{plain}"
        self.varnish = Varnish(daemon.http_port)
        self.fronts = [Nginx("low-latency.nginx.conf", {**origin, "127.0.0.1:8443": f"127.0.0.1:{low}",
                                                        "127.0.0.1:6081": f"127.0.0.1:{self.varnish.port}"}, self.low),
                       Nginx("plain.nginx.conf", {**origin, "127.0.0.1:8443": f"127.0.0.1:{plain}"}, self.plain)]
        self.trusts = [["--ca", str(front.folder / "certificate.pem")] for front in self.fronts]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for one in (*self.fronts, self.varnish):
            one.__exit__(None, None, None)


def live(daemon, edges, recorded):
    check_all([(f"{edges.low}/live/low/index.m3u8", "(live, low latency)", "--low-latency", *edges.trusts[0]),
               (f"http://127.0.0.1:{edges.varnish.port}/live/low/index.m3u8", "(live, low latency)"),
               (f"{edges.plain}/live/plain/index.m3u8", "(live)", *edges.trusts[1])])
    check_all([(daemon.url(recorded["low"]), "(live)"), (f"{edges.plain}{recorded['plain']}", "(live)", *edges.trusts[1]),
               (daemon.url(recorded["ts"]), "(live)")])


def play_elsewhere(daemon):
    urls = {channel: daemon.url(f"/live/{channel}/index.m3u8") for channel in MODES}
    play_live(urls.values(), [urls["ts"]])


def ended(daemon, recorded):
    for channel in MODES:
        daemon.api("POST", f"/v1/channels/{channel}/end")
    for channel in MODES:
        wait_for(f"the end of {channel}", lambda: daemon.media("big", channel).ended(), 20)
    check_all([(daemon.url(path), "(finished)")
               for channel in MODES for path in (f"/live/{channel}/index.m3u8", recorded[channel])])
    for channel in MODES:
        whole, cues = daemon.playlist(recorded[channel].replace("index", "big")), daemon.media("big", channel).dateranges()
        require(whole.sequence() == 1 and len(whole.segments()) > UNTIL, f"the recording of {channel} is not whole")
        require({cue["id"] for _, cue in cues} <= {cue["id"] for _, cue in whole.dateranges()}, f"{channel}: cues are missing")
    parse_elsewhere([daemon.url(recorded["low"]), daemon.url(recorded["plain"])])
    for play in (ffprobe, ffplay, gstreamer, vlc):
        play(daemon.url(recorded["low"]))
    for play in (ffprobe, ffprobe_cues, ffplay, vlc):
        play(daemon.url(recorded["ts"]))


def scene_no_must_is_broken_anywhere():
    with Daemon(channels=channels()) as daemon, Edges(daemon) as edges:
        with Publisher(daemon, "plain-key", SOURCE), Publisher(daemon, "low-key", SOURCE), Publisher(daemon, "ts-key", SOURCE):
            for channel in MODES:
                daemon.segments("big", 2, 40, channel)
                take(daemon, channel, duration=6)
            wait_for("windows to slide", lambda: all(daemon.media("big", channel).segments()[-1]["msn"] > UNTIL
                                                     for channel in MODES), 60)
            recorded = {channel: recording_of(daemon, channel) for channel in MODES}
            live(daemon, edges, recorded)
            play_elsewhere(daemon)
            ended(daemon, recorded)


def require_fresh(edge, options, origin):
    """A machine that is late itself breaks rule 29 at the origin, too."""
    _, report = check(edge, "--seconds", "16", *options)
    for _ in range(ATTEMPTS):
        if not broken_rules(report):
            return
        with concurrent.futures.ThreadPoolExecutor() as pool:
            runs = [pool.submit(check, edge, "--seconds", "16", *options), pool.submit(check, origin, "--seconds", "16")]
            (_, report), (_, direct) = (run.result() for run in runs)
        require(broken_rules(report) <= TIMING, report)
        print(f"# late: {broken_rules(report)}, at the origin {broken_rules(direct)}", flush=True)
    require(broken_rules(direct), report)


def scene_every_segment_length_is_fresh_behind_nginx():
    """A playlist may lie in a cache for half a target duration; of segments of a second no cache keeps one for so little."""
    lengths = {"short": "1s", "usual": "2s", "long": "6s"}
    text = "".join(channel(name, "none", "40s", length) for name, length in lengths.items())
    with Daemon(channels=text) as daemon, Edges(daemon) as edges, contextlib.ExitStack() as stack:
        for name in lengths:
            stack.enter_context(Publisher(daemon, f"{name}-key", SOURCE))
        for name in lengths:
            daemon.segments("big", 3, 60, name)
        places = [(f"{edges.plain}/live/{name}/index.m3u8", edges.trusts[1], daemon.url(f"/live/{name}/index.m3u8")) for name in lengths]
        places.append((f"http://127.0.0.1:{edges.varnish.port}/live/short/index.m3u8", [], places[0][2]))
        with concurrent.futures.ThreadPoolExecutor() as pool:
            for run in [pool.submit(require_fresh, *place) for place in places]:
                run.result()


DVR = """
  mango:
    keys: ["mango-key"]
    canvas: {size: 320x180, fps: 30}
    renditions: [{name: big, size: 320x180, bitrate: 300k}]
    outputs: [{name: tall, canvas: {size: 180x320}, renditions: [{name: high, size: 180x320, bitrate: 300k}]}]
    encoder: {preset: ultrafast}
    slate: {after: 1s, grace: 60s}
    hls: {segment: 2s, part: 333ms, window: 4h, record: yes}
    templates: [%s]
""" % (TOP / "samples/templates/product-card.yaml")
FACES = {"main": "big", "tall": "high"}                  # outputs, and a rendition of each


def newest(daemon):
    return {output: rendition_of(daemon, output).segments()[-1]["msn"] for output in FACES}


def rendition_of(daemon, output):
    index = daemon.playlist(f"/live/mango/{output}/index.m3u8")
    return daemon.playlist(urllib.parse.urljoin(index.path, next(uri for uri in index.uris() if uri.endswith(f"{FACES[output]}.m3u8"))))


def grown(daemon, by):
    before = newest(daemon)
    wait_for(f"{by} more segments in both outputs", lambda: all(newest(daemon)[output] >= before[output] + by for output in FACES), 40)


def places(daemon, live):
    """Both outputs as they are played live, and their recordings while they grow."""
    low = ["--low-latency"] if live else []
    kinds = ("(live, low latency)", "(live)") if live else ("(finished)", "(finished)")
    recorded = [rendition_of(daemon, output).path.replace("/live/mango/", "/live/mango/recordings/").replace(f"{FACES[output]}.m3u8", "index.m3u8")
                for output in FACES]
    return [(daemon.url(f"/live/mango/{output}/index.m3u8"), kinds[0], *low) for output in FACES] + \
           [(daemon.url(path), kinds[1]) for path in recorded]


def check_across(daemon, happens):
    """Follows all places while something happens: nothing is broken but what being late breaks."""
    with concurrent.futures.ThreadPoolExecutor() as pool:
        runs = [pool.submit(check, url, *options) for url, _, *options in places(daemon, True)]
        grown(daemon, 2)
        happens()
        for run in runs:
            _, report = run.result()
            require(broken_rules(report) <= TIMING, report)


def scene_no_must_is_broken_by_deaths():
    """Two outputs, four hours of window, recordings: followed across the studio's death, and after everybody's."""
    with Daemon(channels=DVR) as daemon:
        with Publisher(daemon, picture=SOURCE):
            for output in FACES:
                wait_for(f"segments of {output}", lambda: daemon.playlist(f"/live/mango/{output}/index.m3u8") and
                         len(rendition_of(daemon, output).segments()) > 1, 40)
            take(daemon, "mango", duration=20)
            check_across(daemon, lambda: kill(daemon, "vitrine studio mango"))
            check_all(places(daemon, True))
            kill_everything(daemon)
        daemon.start()
        with Publisher(daemon, picture=SOURCE):
            wait_for("the show to go on", lambda: daemon.state() == "live", 40)
            grown(daemon, 2)
            check_all(places(daemon, True))
        gaps = {output: sum(segment["gap"] for segment in rendition_of(daemon, output).segments()) for output in FACES}
        require(gaps["main"] == gaps["tall"] >= 2, f"gaps: {gaps}")
        ended = places(daemon, False)
        daemon.api("POST", "/v1/channels/mango/end", expect=202)
        wait_for("the end", lambda: all(rendition_of(daemon, output).ended() for output in FACES), 20)
        check_all(ended)


def scene_a_growing_recording_starts_over():
    """hls.js begins a recording at the show's beginning while the show goes on, and a live window at its edge."""
    with Daemon(channels=channel("low", "200ms", "300s")) as daemon, Publisher(daemon, "low-key", SOURCE):
        daemon.segments("big", 1, 40, "low")
        with Browser(daemon.url("/watch/low")) as browser:
            daemon.segments("big", 9, 60, "low")
            for url, sooner, later in ((recording_of(daemon, "low"), 0, 6), ("/live/low/index.m3u8", 12, 600)):
                browser.do("probe", url=daemon.url(url))
                at = wait_for("hls.js to play", lambda: (state := browser.do("probed"))["time"] > sooner + 0.2 and state, 30)
                require(not at["fatal"] and at["time"] < later, f"{url}: it plays at {at}")


if __name__ == "__main__":
    main()
