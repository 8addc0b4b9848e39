import assert from 'node:assert/strict';
import { test } from 'node:test';
import { keepUp, lookAtHls, rateFor } from '../keep-up.js';
import { lookAtVhs, playNearLive, startIn } from '../near-live-vhs.js';

const at = (more) => rateFor({ rate: 1, latency: 1.2, target: 0.65, ahead: 0.6, least: 0.321, far: 2.65, ...more });

test('who is late comes nearer, as long as enough lies ahead', () => {
  assert.equal(at({}), 1.1);
  assert.equal(at({ latency: 0.74 }), 1);
  assert.equal(at({ latency: 0.76 }), 1.1);
  assert.equal(at({ ahead: 0.32 }), 1);
  assert.equal(at({ ahead: 0.33 }), 1.1);
  assert.equal(at({ latency: 0.5 }), 1);
});

test('who hurries goes on until it is there', () => {
  assert.equal(at({ rate: 1.1, latency: 0.68 }), 1.1);
  assert.equal(at({ rate: 1.1, latency: 0.66 }), 1);
  assert.equal(at({ rate: 1.1, ahead: 0.3 }), 1);
});

test('who went back to see something is left alone', () => {
  assert.equal(at({ latency: 3.29 }), 1.1);
  assert.equal(at({ latency: 3.31 }), 1);
});

const makeVideo = () => Object.assign(new EventTarget(), {
  playbackRate: 1, currentTime: 10, buffered: { length: 1, end: () => 10.6 },
});
const makeHls = (details = {}) => ({ latency: 1.2, targetLatency: 0.65,
  latestLevelDetails: { live: true, partTarget: 0.214, targetduration: 2, ...details } });
const tick = (video) => video.dispatchEvent(new Event('timeupdate'));

test('the element follows, until it is told to stop', () => {
  const [video, hls] = [makeVideo(), makeHls()];
  const stop = keepUp(video, () => lookAtHls(hls));
  tick(video);
  assert.equal(video.playbackRate, 1.1);
  hls.latency = 0.66;
  tick(video);
  assert.equal(video.playbackRate, 1);
  hls.latency = 1.2;
  tick(video);
  stop();
  assert.equal(video.playbackRate, 1);
  tick(video);
  assert.equal(video.playbackRate, 1);
});

test('without parts a whole segment has to lie ahead', () => {
  const [video, hls] = [makeVideo(), makeHls({ partTarget: 0 })];
  Object.assign(hls, { latency: 7, targetLatency: 6 });
  keepUp(video, () => lookAtHls(hls));
  video.buffered.end = () => 11.9;
  tick(video);
  assert.equal(video.playbackRate, 1);
  video.buffered.end = () => 12.1;
  tick(video);
  assert.equal(video.playbackRate, 1.1);
});

test('a finished show and a player that waits are left alone', () => {
  for (const [rate, details] of [[1.5, { live: false }], [0, {}]]) {
    const video = makeVideo();
    video.playbackRate = rate;
    keepUp(video, () => lookAtHls(makeHls(details)));
    tick(video);
    assert.equal(video.playbackRate, rate);
  }
  const video = makeVideo();
  video.buffered = { length: 0 };
  keepUp(video, () => lookAtHls(makeHls()));
  tick(video);
  assert.equal(video.playbackRate, 1);
});

// A playlist as VHS keeps it: segments of six parts from `first` on, of which only the first begins with a key frame.
const PART = 1 / 3;
const makeMedia = (last, more = {}) => {
  const segment = (start, count, parts = true) => ({
    syncInfo: { start, end: start + 2 },
    parts: parts ? Array.from({ length: count }, (_, i) => ({
      independent: i === 0 || undefined, syncInfo: { start: start + i * PART, end: start + (i + 1) * PART } })) : undefined,
  });
  return { partTargetDuration: 0.342, targetDuration: 2, serverControl: { partHoldBack: 1.026 }, lastRequest: Date.now(),
    segments: [segment(0, 6, false), segment(2, 6), segment(4, 6), segment(6, last)], ...more };
};

test('video.js begins at a key frame that is far enough from the end', () => {
  // Its place is 1.026 + 0.6 * 0.342 = 1.2312 s from the end.
  assert.equal(startIn(makeMedia(1)), 4);
  assert.equal(startIn(makeMedia(3)), 4);
  assert.equal(startIn(makeMedia(4)), 6);
  assert.equal(startIn(makeMedia(6)), 6);
  assert.equal(startIn(makeMedia(1, { serverControl: undefined })), 4);
  assert.equal(startIn(makeMedia(1, { segments: makeMedia(1).segments.slice(0, 1) })), 0);
});

test('where VHS begins well it is left alone', () => {
  assert.equal(startIn(makeMedia(4, { endList: true })), undefined);
  assert.equal(startIn(makeMedia(4, { partTargetDuration: undefined })), undefined);
  assert.equal(startIn(makeMedia(4, { segments: [] })), undefined);
  assert.equal(startIn(makeMedia(4, { segments: [{ duration: 2 }] })), undefined);
  assert.equal(startIn(makeMedia(1, { segments: makeMedia(1).segments.slice(3) })), undefined);
});

// A video.js player and its tech, as far as they are asked.
const makePlayer = (media, seekable = true) => {
  const handlers = {};
  const buffered = { length: 0 };
  const tech = {
    time: 0, rate: 1, vhs: { playlists: { media: () => media } },
    seekable: () => ({ length: seekable ? 1 : 0 }),
    one: (name, handler) => { handlers[name] = handler; },
    on: (name, handler) => { handlers[name] = handler; },
    off: (name, handler) => { if (handlers[name] === handler) delete handlers[name]; },
    el: () => ({ buffered }),
    currentTime: () => tech.time,
    setCurrentTime: (time) => { tech.time = time; },
    setPlaybackRate: (rate) => { tech.rate = rate; },
  };
  return { tech, handlers, buffered, player: { tech: () => tech, play: async () => handlers.play?.() } };
};

test('video.js waits until enough is buffered', async () => {
  const { tech, handlers, buffered, player } = makePlayer(makeMedia(4));
  await playNearLive(player);
  assert.equal(tech.time, 6.05);
  assert.equal(tech.rate, 0);
  handlers.progress();
  assert.equal(tech.rate, 0);
  Object.assign(buffered, { length: 1, start: () => 6, end: () => 6.7 });
  handlers.progress();
  assert.equal(tech.rate, 0);
  buffered.end = () => 6.75;
  handlers.progress();
  assert.equal(tech.rate, 1);
  assert.equal(handlers.progress, undefined);
});

test('where pictures were dropped video.js begins behind the gap', async () => {
  const { tech, handlers, buffered, player } = makePlayer(makeMedia(4));
  await playNearLive(player);
  Object.assign(buffered, { length: 2, start: (i) => [6, 8][i], end: (i) => [6.3, 8.7][i] });
  handlers.progress();
  assert.deepEqual([tech.time, tech.rate], [6.05, 0]);
  buffered.end = (i) => [6.3, 8.8][i];
  handlers.progress();
  assert.deepEqual([tech.time, tech.rate], [8.05, 1]);
});

test('video.js begins when it has its playlists, and where it likes in shows without parts', async () => {
  const { tech, handlers, player } = makePlayer(makeMedia(4, { partTargetDuration: undefined }), false);
  const playing = playNearLive(player);
  assert.equal(handlers.play, undefined);
  handlers.seekablechanged();
  await playing;
  assert.equal(tech.time, 0);
  assert.equal(tech.rate, 1);
});

test('video.js says where it is', () => {
  const look = (media, now) => lookAtVhs(makePlayer(media).player, now);
  const seen = look(makeMedia(4, { lastRequest: Date.now() - 200 }), 6);
  assert.ok(Math.abs(seen.latency - 4 * PART - 0.2) < 0.05, `${seen.latency}`);
  assert.ok(Math.abs(seen.target - 1.2312) < 1e-9);
  assert.deepEqual([seen.part, seen.whole], [0.342, 2]);
  const plain = { partTargetDuration: undefined, segments: makeMedia(1).segments.slice(0, 1), serverControl: undefined };
  assert.equal(look(makeMedia(1, plain), 0).target, 6);
  assert.equal(look(makeMedia(4, { endList: true }), 6), undefined);
  assert.equal(look(undefined, 6), undefined);
  assert.equal(look(makeMedia(4, { segments: [{}] }), 6), undefined);
});
