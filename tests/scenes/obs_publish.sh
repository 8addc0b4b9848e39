#!/bin/bash
# Streams from a real OBS Studio under a virtual display, with a throw-away home:
# obs_publish.sh SERVER KEY SECONDS [WIDTHxHEIGHT]; SERVER is rtmp://… or srt://…, then without KEY.
# Its settings are those of a fresh install: simple output, x264, key-frame interval "auto". Prints OBS's log.
set -u
server=$1 key=$2 seconds=$3 size=${4:-640x360}
width=${size%x*} height=${size#*x}
home=$(mktemp -d)
trap 'rm -rf "$home"' EXIT
profile=$home/.config/obs-studio/basic/profiles/Untitled
mkdir -p "$profile" "$home/.config/obs-studio/basic/scenes" "$home/run"
chmod 700 "$home/run"
ffmpeg -nostdin -v error -f lavfi -i testsrc2=size=$size:rate=30 -f lavfi -i sine=frequency=440:sample_rate=48000 \
    -t 10 -c:v libx264 -preset ultrafast -g 30 -c:a aac "$home/picture.mp4"
cat >"$home/.config/obs-studio/global.ini" <<INI
[General]
FirstRun=true
LastVersion=486539266
EnableAutoUpdates=false
[Basic]
Profile=Untitled
ProfileDir=Untitled
SceneCollection=Untitled
SceneCollectionFile=Untitled
[BasicWindow]
PreviewEnabled=false
INI
cat >"$profile/basic.ini" <<INI
[General]
Name=Untitled
[Video]
BaseCX=$width
BaseCY=$height
OutputCX=$width
OutputCY=$height
FPSCommon=30
[Output]
Mode=Simple
[SimpleOutput]
VBitrate=1500
ABitrate=128
StreamEncoder=x264
Preset=ultrafast
INI
cat >"$profile/service.json" <<JSON
{"type": "rtmp_custom", "settings": {"server": "$server", "key": "$key", "use_auth": false, "bwtest": false}}
JSON
# One source: without any, OBS asks before it streams.
cat >"$home/.config/obs-studio/basic/scenes/Untitled.json" <<JSON
{"name": "Untitled", "current_scene": "Scene", "current_program_scene": "Scene", "scene_order": [{"name": "Scene"}],
 "sources": [
  {"id": "ffmpeg_source", "versioned_id": "ffmpeg_source", "name": "Media", "mixers": 255, "enabled": true,
   "volume": 1.0, "settings": {"local_file": "$home/picture.mp4", "looping": true, "is_local_file": true, "hw_decode": false}},
  {"id": "scene", "versioned_id": "scene", "name": "Scene", "enabled": true, "mixers": 0, "settings": {"id_counter": 1,
   "items": [{"name": "Media", "id": 1, "visible": true, "align": 5, "pos": {"x": 0.0, "y": 0.0}, "scale": {"x": 1.0, "y": 1.0}}]}}]}
JSON
export HOME=$home XDG_CONFIG_HOME=$home/.config XDG_RUNTIME_DIR=$home/run LIBGL_ALWAYS_SOFTWARE=1
timeout --signal=TERM --kill-after=5 "$((seconds + 8))" \
    xvfb-run --auto-servernum --server-args="-screen 0 1280x800x24" \
    timeout --signal=INT --kill-after=3 "$((seconds + 4))" \
    obs --startstreaming --minimize-to-tray --disable-updater --multi 2>&1
