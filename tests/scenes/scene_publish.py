#!/usr/bin/env python3
"""A streamer pushes with ffmpeg; both renditions decode, and sound and picture stay together."""
import re
import subprocess
import tempfile
from pathlib import Path

from boxes import decode_time, frames, samples, timescale
from harness import MACHINE, Daemon, Publisher, decode_errors, fetch_rendition, http, main, probe, require, wait_for

# A white flash and a beep, on every whole second.
FLASH = "color=c=black:size=640x360:rate=30,drawbox=color=white:t=fill:enable='lt(mod(t,1),0.1)'"
BEEP = "aevalsrc='if(lt(mod(t,1),0.1),0.5*sin(2*PI*1000*t),0)':s=48000"


def onsets(levels, threshold):
    """Indices at which `levels` rises above the threshold after having been below it."""
    out, low = [], False
    for index, level in enumerate(levels):
        if level < threshold:
            low = True
        elif low:
            out.append(index)
            low = False
    return out


def require_together(video, audio, since, least=8):
    """Holds the flashes of a 320x180 rendition against the beeps of the sound. A machine that stood still `since` then has
    shown a flash that much later."""
    late = MACHINE.longest(since)
    first, pictures = frames(video, 320, 180)
    flashes = [(first + index) / 30 for index in onsets([picture[len(picture) // 2] for picture in pictures], 128)]
    start, sound = samples(audio)
    window = 48
    loud = [max(abs(value) for value in sound[at:at + window]) for at in range(0, len(sound) - window, window)]
    beeps = [start + index * window / 48000 for index in onsets(quiet_between(loud), 2000)]
    require(len(flashes) >= least, f"only {len(flashes)} flashes in the picture")
    for flash in flashes[1:-1]:
        nearest = min(beeps, key=lambda beep: abs(beep - flash))
        require(abs(nearest - flash) <= 0.040 + late, f"flash at {flash:.3f} s, beep at {nearest:.3f} s")
    gap = [b - a for a, b in zip(flashes, flashes[1:])]
    require(all(abs(one - 1) <= 0.035 + late for one in gap[1:-1]), f"flashes are {gap} s apart")


def scene_both_renditions_decode():
    with Daemon() as daemon, Publisher(daemon), tempfile.TemporaryDirectory() as folder:
        daemon.segments("big", 4)
        daemon.segments("audio", 4)
        for name, size in (("big", (640, 360)), ("small", (320, 180))):
            path = fetch_rendition(daemon, daemon.media(name), Path(folder) / f"{name}.mp4")
            errors = decode_errors(path)
            require(not errors, f"{name}: {errors}")
            stream = probe(path, "-show_streams")["streams"][0]
            require((stream["width"], stream["height"]) == size, f"{name} is {stream['width']}x{stream['height']}")
            require((stream["color_space"], stream["color_range"]) == ("bt709", "tv"), f"colours of {name}")
        path = fetch_rendition(daemon, daemon.media("audio"), Path(folder) / "audio.mp4")
        require(not decode_errors(path), f"audio: {decode_errors(path)}")


def scene_segments_start_with_key_frames_at_one_time():
    with Daemon() as daemon, Publisher(daemon):
        daemon.segments("big", 4)
        starts = {}
        for name in ("big", "small"):
            playlist = daemon.media(name)
            scale = timescale(http(daemon.url(playlist.map()))[2])
            for segment in playlist.segments()[:4]:
                data = http(daemon.url(segment["uri"]))[2]
                starts.setdefault(segment["msn"], set()).add(decode_time(data) / scale)
        require(all(len(times) == 1 for times in starts.values()), f"renditions are cut apart: {starts}")
        ordered = sorted(starts)
        require(all(min(starts[b]) - min(starts[a]) == 2.0 for a, b in zip(ordered, ordered[1:])), f"{starts}")


def scene_sound_and_picture_stay_together():
    since = MACHINE.now()
    with Daemon() as daemon, tempfile.TemporaryDirectory() as folder:
        with Publisher(daemon, picture=FLASH, sound=BEEP):
            daemon.segments("small", 8, 40)
            daemon.segments("audio", 8, 40)
        video = fetch_rendition(daemon, daemon.media("small"), Path(folder) / "v.mp4")
        audio = fetch_rendition(daemon, daemon.media("audio"), Path(folder) / "a.mp4")
        require_together(video, audio, since)


def quiet_between(loud):
    """Fills the zero crossings inside a beep: the largest of each value and the nine before it."""
    return [max(loud[max(0, at - 9):at + 1]) for at in range(len(loud))]


def scene_a_wrong_key_is_told_so():
    with Daemon() as daemon, Publisher(daemon, key="not-the-key") as publisher:
        wait_for("ffmpeg to give up", lambda: publisher.process.poll() is not None)
        require(re.search("BadName|key", publisher.text(), re.I), f"ffmpeg was told: {publisher.text()}")
        require(daemon.playlist("/live/mango/index.m3u8") is None, "a show started")


def scene_query_strings_in_the_key_are_not_part_of_it():
    with Daemon() as daemon, Publisher(daemon, key="mango-key?bandwidthtest=false"):
        daemon.segments("big", 1)


def scene_a_source_without_sound_has_silence():
    with Daemon() as daemon, Publisher(daemon, sound=None), tempfile.TemporaryDirectory() as folder:
        daemon.segments("audio", 3)
        audio = fetch_rendition(daemon, daemon.media("audio"), Path(folder) / "a.mp4")
        _, sound = samples(audio)
        require(len(sound) >= 4 * 48000 and max(abs(value) for value in sound) < 32, "it is not silent")


def scene_gstreamer_publishes():
    with Daemon() as daemon:
        command = ["gst-launch-1.0", "-q", "videotestsrc", "is-live=true", "!", "video/x-raw,width=640,height=360,framerate=30/1",
                   "!", "x264enc", "tune=zerolatency", "key-int-max=30", "speed-preset=ultrafast", "!", "flvmux",
                   "streamable=true", "name=mux", "!", "rtmp2sink", f"location={daemon.server()}/mango-key",
                   "audiotestsrc", "is-live=true", "!", "avenc_aac", "!", "mux."]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT) as publisher:
            try:
                daemon.segments("big", 2)
            finally:
                publisher.terminate()


if __name__ == "__main__":
    main()
