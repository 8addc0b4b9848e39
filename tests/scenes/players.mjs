// Plays addresses in hls.js, Shaka Player and video.js at once, and tells what each saw.
import { createServer } from 'node:http';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { answer, launch } from './chromium.mjs';

const web = fileURLToPath(new URL('../../web/', import.meta.url));
const modules = readdirSync(web).filter((name) => name.endsWith('.js'));
const FILES = {
  ...Object.fromEntries(modules.map((name) => [`/${name}`, [name, 'text/javascript']])),
  '/hls.mjs': ['node_modules/hls.js/dist/hls.mjs', 'text/javascript'],
  '/shaka.js': ['node_modules/shaka-player/dist/shaka-player.compiled.js', 'text/javascript'],
  '/video.js': ['node_modules/video.js/dist/video.js', 'text/javascript'],
};
const PAGE = '<!doctype html><meta charset="utf-8"><title>players</title><script src="/shaka.js"></script>'
  + '<script src="/video.js"></script><body></body>';

const server = createServer((request, response) => {
  const file = FILES[request.url];
  response.writeHead(file || request.url === '/' ? 200 : 404, { 'Content-Type': file?.[1] ?? 'text/html' });
  response.end(file ? readFileSync(join(web, file[0])) : PAGE);
});
await new Promise((done) => server.listen(0, '127.0.0.1', done));

const { page, complaints, close } = await launch();
await page.goto(`http://127.0.0.1:${server.address().port}/`);

// In the page: starts one player; what it does is kept in window.played[name].
const start = async ({ name, kind, url, parts, carriage }) => {
  const { attachCues, readCue, readId3, readBase64url, ATTRIBUTE } = await import('/vitrine-cues.js');
  const { keepUp, lookAtHls } = await import('/keep-up.js');
  const { lookAtVhs, playNearLive } = await import('/near-live-vhs.js');
  window.played ??= {};
  const box = document.createElement('div');
  const video = document.createElement('video');
  Object.assign(video, { muted: true, width: 200, height: 112 });
  Object.assign(box.style, { position: 'relative', display: 'inline-block', width: '200px', height: '112px' });
  box.append(video);
  document.body.append(box);
  const one = { kind, video, box, errors: [], minor: [], stalls: [], ways: {}, shows: [], parts: 0, started: 0, first: 0 };
  window.played[name] = one;

  // A way by which a cue came: each revision of each is told of once.
  const came = (way, json, at) => {
    const cue = readCue(json);
    if (!cue || cue.on || cue.op === 'snap') return;
    const key = `${cue.id}.${cue.rev}.${cue.op}`;
    ((one.ways[way] ??= {})[key] ??= []).push(at);
  };
  const id3 = (way, data, at) => readId3(data).forEach((json) => came(way, json, at));

  let cues;
  if (kind === 'hls.js') {
    const { default: Hls } = await import('/hls.mjs');
    const inBand = carriage !== 'range';
    const hls = new Hls({ lowLatencyMode: parts, enableWorker: false, enableEmsgMetadataCues: inBand, enableID3MetadataCues: inBand });
    hls.on(Hls.Events.ERROR, (_n, { fatal, details, error }) =>
      one[fatal ? 'errors' : 'minor'].push(`${details} ${error?.message ?? ''}`));
    hls.on(Hls.Events.FRAG_BUFFERED, (_n, { part }) => { one.parts += part ? 1 : 0; });
    hls.on(Hls.Events.FRAG_PARSING_METADATA, (_n, { samples }) => samples.forEach((s) => id3('in band', s.data, s.pts)));
    const ranges = new Set();
    hls.on(Hls.Events.LEVEL_UPDATED, (_n, { details }) => {
      for (const range of Object.values(details.dateRanges)) {
        if (ranges.has(range.id)) continue;
        ranges.add(range.id);
        came('range', readBase64url(range.attr[ATTRIBUTE]), range.startTime);
      }
    });
    // A page that hears nothing of playlists has only what is in band.
    const deaf = { constructor: Hls, on: (event, handler) => !/level/i.test(event) && hls.on(event, handler), off() {} };
    // A browser's own player, as hls.js imitates it: cues on metadata tracks, and a start date.
    if (carriage === 'tracks') video.getStartDate = () => new Date((hls.playingDate?.getTime() ?? NaN) - video.currentTime * 1000);
    cues = { range: { hls }, band: { hls: deaf }, tracks: {} }[carriage] ?? { hls };
    one.latency = () => hls.latency;
    one.look = () => lookAtHls(hls);
    one.date = () => hls.playingDate?.getTime();
    hls.loadSource(url);
    hls.attachMedia(video);
    hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  } else if (kind === 'shaka') {
    shaka.polyfill.installAll();
    const player = new shaka.Player();
    await player.attach(video);
    player.configure({ mediaSource: { dispatchAllEmsgBoxes: true }, streaming: { lowLatencyMode: parts,
      liveSync: { enabled: parts, targetLatency: 0.1, targetLatencyTolerance: 0.1 } } });
    // Shaka Player 5.2 knows no init segment after EXT-X-SKIP, and without one it reads no emsg boxes.
    if (parts) player.getNetworkingEngine().registerRequestFilter((_type, request) => {
      request.uris = request.uris.map((uri) => uri.replace(/&_HLS_skip=\w+/, '').replace(/\?_HLS_skip=\w+$/, ''));
    });
    player.addEventListener('error', ({ detail }) =>
      one[detail?.severity === shaka.util.Error.Severity.RECOVERABLE ? 'minor' : 'errors'].push(
        `${detail?.code} ${detail?.message ?? JSON.stringify(detail)}`));
    player.addEventListener('emsg', ({ detail }) => id3('in band', detail.messageData, detail.startTime));
    player.addEventListener('metadata', (event) => {
      if (event.payload?.key === 'TXXX') came('id3', event.payload.data, event.startTime);
    });
    player.addEventListener('timelineregionadded', ({ detail }) => {
      const mine = detail.values?.find((value) => value.key === ATTRIBUTE);
      if (mine) came('range', readBase64url(mine.data), detail.startTime);
    });
    cues = { shaka: player };
    // Its seek range ends where the hold-back begins.
    let delay;
    one.latency = () => {
      if (!player.isLive()) return NaN;
      delay ??= player.getManifest().presentationTimeline.getDelay();
      return player.seekRange().end - video.currentTime + delay;
    };
    one.date = () => player.getPlayheadTimeAsDate()?.getTime();
    player.load(url).then(() => video.play()).catch((error) => one.errors.push(`load ${error.code ?? error}`));
  } else {
    const player = videojs(video, { html5: { vhs: { overrideNative: true, llhls: parts } }, muted: true });
    player.on('error', () => one.errors.push(JSON.stringify(player.error())));
    const seen = new WeakSet();
    setInterval(() => {
      for (const track of Array.from(player.textTracks()))
        for (const cue of Array.from(track.cues ?? [])) {
          if (seen.has(cue) || !cue.value) continue;
          seen.add(cue);
          const { data, value, id, key } = cue.value;
          if (cue.type === 'com.apple.quicktime.HLS') came('range', readBase64url(data), cue.startTime);
          else if ((id ?? key) === 'TXXX') came('in band', value ?? data, cue.startTime);
        }
    }, 100);
    cues = { vhs: player };
    player.src({ src: url, type: 'application/x-mpegURL' });
    const media = () => player.tech({ IWillNotUseThisInPlugins: true })?.vhs?.playlists?.media();
    one.date = () => {
      const now = video.currentTime;
      const near = media()?.segments?.find((segment) => segment.start <= now && segment.end >= now && segment.dateTimeObject);
      return near && near.dateTimeObject.getTime() + (now - near.start) * 1000;
    };
    one.latency = () => one.look()?.latency ?? NaN;
    player.ready(() => playNearLive(player).catch((error) => one.errors.push(`play ${error}`)));
    one.look = () => lookAtVhs(player, one.video.currentTime);
  }

  // The median of the last five seconds.
  one.behind = () => one.latencies?.toSorted((a, b) => a - b)[one.latencies.length >> 1] ?? NaN;
  // Pieces of the buffer from where playing began: between two of them something is missing.
  one.pieces = () => {
    const { buffered } = one.video;
    return Array.from({ length: buffered.length }, (_, i) => buffered.end(i)).filter((end) => end > one.first).length;
  };
  const element = () => (kind === 'video.js' ? box.querySelector('video') : video);
  one.video = element();
  one.video.addEventListener('vitrine-cue-show', ({ detail }) =>
    one.shows.push({ id: detail.cue.id, from: detail.cue.from, date: one.date(), time: one.video.currentTime }));
  attachCues({ video: one.video, ...cues, container: box });
  if (parts && one.look) keepUp(one.video, one.look);

  // What a viewer sees of a stall: the picture stands while it should move.
  let last = 0;
  let since = performance.now();
  setInterval(() => {
    const { currentTime, ended, paused, playbackRate } = one.video;
    const now = performance.now();
    one.latencies = [...(one.latencies ?? []).slice(-100), one.latency()].filter(Number.isFinite);
    if (one.sought) return;
    if (!one.started && (paused || playbackRate === 0)) {
      [last, since] = [currentTime, now];
    } else if (currentTime > last + 0.01 || ended) {
      if (one.started && now - since > 700) one.stalls.push({ at: last, seconds: (now - since) / 1000 });
      if (currentTime > 0 && !one.started) [one.started, one.first] = [now, currentTime];
      last = currentTime;
      since = now;
    }
  }, 50);
};

const look = () => Object.fromEntries(Object.entries(window.played).map(([name, one]) => [name, {
  time: one.video.currentTime, ended: one.video.ended, ready: one.video.readyState, errors: one.errors, minor: one.minor,
  stalls: one.stalls, ways: one.ways, shows: one.shows, parts: one.parts, latency: one.behind(), first: one.first,
  buttons: one.box.querySelectorAll('.vitrine-hotspot').length, duration: one.video.duration, ranges: one.pieces(),
  dropped: one.video.getVideoPlaybackQuality().droppedVideoFrames,
  behind: one.date() ? (Date.now() - one.date()) / 1000 : null,
  playing: one.started ? (performance.now() - one.started) / 1000 : 0,
}]));

// In the page: stands at another place, or goes on from there; from then on nothing is said of stalls.
const seek = ({ name, to, on }) => {
  const one = window.played[name];
  one.sought = true;
  one.video.currentTime = to;
  one.video.pause();
  return on ? one.video.play() : undefined;
};

const commands = {
  seek: async (where) => { await page.evaluate(seek, where); },
  play: async (how) => { await page.evaluate(start, how); },
  look: async () => page.evaluate(look),
  complaints: async () => complaints,
};

await answer(commands);
await close();
server.close();
