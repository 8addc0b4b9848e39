// Reads presentations with parsers that are not ours and compares: m3u8-parser, hls-parser (strict), mp4box.js, mux.js.
//   node parsers.mjs URL…
// Prints a line for each playlist and segment; exit code 1 and the reasons where one of them disagrees.
import { createRequire } from 'node:module';

const require = createRequire(new URL('../../web/package.json', import.meta.url));
const { Parser } = require('m3u8-parser');
const HLS = require('hls-parser');
const mp4box = require('mp4box');
const muxjs = require('mux.js');

HLS.setOptions({ strictMode: true });
const troubles = [];
const get = async (url) => {
  const answer = await fetch(url);
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return Buffer.from(await answer.arrayBuffer());
};

const readM3u8 = (text, url) => {
  const parser = new Parser();
  parser.on('warn', ({ message }) => troubles.push(`${url}: m3u8-parser: ${message}`));
  parser.push(text);
  parser.end();
  return parser.manifest;
};

// hls-parser is stricter than the draft in two points: it allows parts in the last three entries only (§6.2.2 speaks of
// three target durations), and lets no ranges of a class overlap (§4.4.5.1 asks that of END-ON-NEXT alone).
const STRICTER = [[/PART/, /^#EXT-X-PART:.*\n/gm], [/same CLASS should not overlap/, /^#EXT-X-DATERANGE:.*\n/gm]];

const readStrict = (text, url) => {
  try {
    return HLS.parse(text);
  } catch (error) {
    const point = STRICTER.find(([what, lines]) => what.test(error.message) && text.search(lines) >= 0);
    if (point) return readStrict(text.replace(point[1], ''), url);
    troubles.push(`${url}: hls-parser: ${error.message}`);
    return undefined;
  }
};

const readBoxes = (data, url) => {
  const file = mp4box.createFile();
  file.onError = (module, message) => troubles.push(`${url}: mp4box: ${module} ${message}`);
  file.appendBuffer(Object.assign(data.buffer.slice(data.byteOffset, data.byteOffset + data.length), { fileStart: 0 }));
  file.flush();
  return file;
};

const readFragment = (init, segment, msn, duration, url) => {
  const file = readBoxes(Buffer.concat([init, segment]), url);
  const track = file.moov.traks[0];
  const scale = track.mdia.mdhd.timescale;
  const samples = file.getTrackSamplesInfo(track.tkhd.track_id);
  const lasts = samples.reduce((sum, one) => sum + one.duration, 0) / scale;
  if (Math.abs(lasts - duration) > 0.05) troubles.push(`${url}: mp4box: ${lasts} s, EXTINF ${duration}`);
  const start = muxjs.mp4.probe.startTime({ [track.tkhd.track_id]: scale }, segment);
  const mine = samples[0].dts / scale;
  if (Math.abs(start - mine) > 0.001) troubles.push(`${url}: mux.js starts at ${start}, mp4box at ${mine}`);
  const events = file.boxes.filter((box) => box.type === 'emsg');
  const video = track.mdia.hdlr.handler === 'vide';
  const cues = video ? muxjs.mp4.probe.getEmsgID3(segment, 0) : [];
  if (video && cues.length !== events.length)
    troubles.push(`${url}: mux.js finds ${cues.length} cues, mp4box ${events.length}`);
  for (const cue of cues)
    for (const frame of cue.frames ?? [])
      if (frame.id !== 'TXXX' || frame.description !== 'vitrine.cue.v1' || !JSON.parse(frame.value ?? frame.data))
        troubles.push(`${url}: mux.js reads ${frame.id} ${frame.description}`);
  return { samples: samples.length, cues: cues.length };
};

const readMedia = async (url) => {
  const text = (await get(url)).toString();
  const one = readM3u8(text, url);
  const two = readStrict(text, url);
  if (two && two.targetDuration !== one.targetDuration) troubles.push(`${url}: target durations differ`);
  if (two && two.segments.filter((segment) => segment.uri).length !== one.segments.length)
    troubles.push(`${url}: ${two.segments.length} segments for hls-parser, ${one.segments.length} for m3u8-parser`);
  const last = one.segments.at(-1);
  let found = {};
  if (last && !one.iFramesOnly && last.map) {
    const init = await get(new URL(last.map.uri, url));
    found = readFragment(init, await get(new URL(last.uri, url)), 0, last.duration, last.uri);
  }
  console.log(`${new URL(url).pathname}: ${one.segments.length} segments, ${text.match(/#EXT-X-PART:/g)?.length ?? 0} parts, `
    + `${found.samples ?? 0} samples and ${found.cues ?? 0} cues in the last, ${two ? 'agreed' : 'refused'}`);
};

for (const url of process.argv.slice(2)) {
  const text = (await get(url)).toString();
  const multi = readM3u8(text, url);
  readStrict(text, url);
  const groups = Object.values(multi.mediaGroups.AUDIO).flatMap((group) => Object.values(group));
  const uris = [...multi.playlists.map((one) => one.uri), ...groups.map((one) => one.uri), ...(multi.iFramePlaylists ?? []).map((one) => one.uri)];
  for (const uri of uris.filter(Boolean)) await readMedia(new URL(uri, url).href);
}
for (const trouble of troubles) console.log(`not so: ${trouble}`);
process.exitCode = troubles.length ? 1 : 0;
