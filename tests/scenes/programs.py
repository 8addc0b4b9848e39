"""Players that are no browsers, on addresses of ours: ffprobe, ffplay, VLC, and GStreamer's two HLS demuxers."""
import concurrent.futures
import os
import re
import signal
import subprocess
import tempfile

from harness import end_with_us, require, wait_for

DESCRIPTION = b"vitrine.cue.v1"        # of the TXXX frames that carry cues


def ffprobe(url):
    said = subprocess.run(["ffprobe", "-v", "error", "-read_intervals", "%+3", "-show_entries", "packet=codec_type", "-of",
                           "csv=p=0", url], capture_output=True, text=True, timeout=60)
    kinds = set(said.stdout.replace(",", "").split())
    require(kinds >= {"video", "audio"} and not said.stderr, f"ffprobe: {kinds} {said.stderr[-500:]}")


def ffprobe_cues(url):
    """The timed ID3 of a transport stream is a stream of its own there, and its packets hold our tags."""
    said = subprocess.run(["ffprobe", "-v", "error", "-select_streams", "d", "-read_intervals", "%+5", "-show_packets",
                           "-show_data", url], capture_output=True, text=True, timeout=60)
    dump = re.findall(r"^[0-9a-f]{8}: ((?:[0-9a-f]{2,4} )+)", said.stdout, re.M)
    require(DESCRIPTION in bytes.fromhex("".join(dump)), f"ffprobe: no cues in {url}: {said.stdout[:500]} {said.stderr[-500:]}")


def ffplay(url):
    """Until its clock has gone on by two seconds: on a live show it never ends by itself."""
    with tempfile.TemporaryFile() as log:
        process = subprocess.Popen(["ffplay", "-v", "error", "-stats", url], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   preexec_fn=end_with_us, env={**os.environ, "SDL_VIDEODRIVER": "dummy", "SDL_AUDIODRIVER": "dummy"})

        def text():
            return os.pread(log.fileno(), 1 << 20, 0).decode(errors="replace")

        def clocks():
            return [float(clock) for clock in re.findall(r"([\d.]+) (?:A-V|M-V|M-A):", text())]

        def has_played():
            require(process.poll() is None, f"ffplay {url} ended: {text()[-500:]}")
            return (all_of_them := clocks()) and max(all_of_them) - min(all_of_them) > 2
        try:
            wait_for(f"ffplay {url}", has_played, 60)
        finally:
            process.terminate()
            process.wait()
        errors = [line for line in re.split(r"[\r\n]", text()) if line.strip() and " aq= " not in line]
        require(not errors, f"ffplay {url}: {errors[:3]}")


def vlc(url):
    """VLC does not run as root."""
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"] if os.getuid() == 0 else []
    said = subprocess.run([*nobody, "cvlc", "-I", "dummy", "--vout", "dummy", "--aout", "dummy", "--run-time", "3", "-vv", url,
                           "vlc://quit"], capture_output=True, text=True, timeout=60,
                          env={**os.environ, "HOME": tempfile.gettempdir()})
    faults = [line for line in said.stderr.splitlines() if re.search(r"(stream|demux|input|decoder) error:", line)]
    require(said.returncode == 0 and not faults, f"vlc: {faults} {said.returncode}")
    require("Received first picture" in said.stderr, f"vlc showed nothing of {url}: {said.stderr[-500:]}")


def gstreamer(url):
    said = subprocess.run(["gst-launch-1.0", "-q", "souphttpsrc", f"location={url}", "!", "hlsdemux", "!", "fakesink",
                           "sync=false"], capture_output=True, text=True, timeout=60)
    require(said.returncode == 0, f"hlsdemux: {said.stderr[-500:]}")


class GStreamer:
    """playbin (hlsdemux) or playbin3 (hlsdemux2) on a live show, decoding in real time. A pipeline on a live show never
    ends by itself, whatever one of its sinks says: it is interrupted once it has played enough."""
    PICTURES, SOUNDS = 60, 90
    DEMUXERS = {"playbin": "GstHLSDemux:", "playbin3": "GstHLSDemux2:"}

    def __init__(self, url, play="playbin"):
        self.name, self.demuxer, self.log = f"{play} {url}", self.DEMUXERS[play], tempfile.TemporaryFile()
        sinks = [f"{kind}-sink=fakesink name={name} silent=false sync=true"
                 for kind, name in (("video", "pictures"), ("audio", "sounds"))]
        self.process = subprocess.Popen(["gst-launch-1.0", "-v", play, f"uri={url}", *sinks], stdin=subprocess.DEVNULL,
                                        stdout=self.log, stderr=subprocess.STDOUT, preexec_fn=end_with_us)

    def text(self):
        return os.pread(self.log.fileno(), 1 << 24, 0).decode(errors="replace")

    def times(self, sink):
        return [60 * int(minute) + float(second)
                for minute, second in re.findall(rf"chain   \*+ \({sink}:sink\) .*? pts: \d+:(\d+):([\d.]+)", self.text())]

    def has_played(self):
        require(self.process.poll() is None, f"{self.name} ended: {self.text()[-500:]}")
        return len(self.times("pictures")) >= self.PICTURES and len(self.times("sounds")) >= self.SOUNDS

    def end(self):
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def check(self):
        errors = [line for line in self.text().splitlines() if line.startswith("ERROR")]
        require(self.process.returncode == 0 and not errors, f"{self.name}: {self.process.returncode} {errors}")
        require(self.demuxer in self.text(), f"{self.name} did without {self.demuxer}")
        times = self.times("pictures")
        steps = [after - before for before, after in zip(times, times[1:])]
        # What is printed is the last message when its line is written: a picture may stand twice, for the one before it.
        require(max(steps) < 0.15 and min(steps) >= 0, f"{self.name}: steps of {min(steps)} to {max(steps)} s")


def gstreamer_live(*places):
    """Each (URL, playbin or playbin3) at the same time."""
    all_of_them = [GStreamer(*place) for place in places]
    try:
        wait_for("GStreamer to play", lambda: all(one.has_played() for one in all_of_them), 60)
    finally:
        for one in all_of_them:
            one.end()
    for one in all_of_them:
        one.check()


def play_live(urls, transport_streams):
    """Every program on every live address, a few at a time."""
    with concurrent.futures.ThreadPoolExecutor(3) as pool:
        runs = [pool.submit(play, url) for play in (ffprobe, ffplay, vlc) for url in urls]
        runs += [pool.submit(ffprobe_cues, url) for url in transport_streams]
        for run in runs:
            run.result()
    for play in GStreamer.DEMUXERS:
        gstreamer_live(*[(url, play) for url in urls])
