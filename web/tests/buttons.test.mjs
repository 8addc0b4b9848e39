// attachCues() over a browser's own player, as Safari's is documented: getStartDate() and cues on metadata tracks. The document
// is a small stand-in; the scenes draw the same buttons in Chromium.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { attachCues } from '../vitrine-cues.js';

const START = Date.parse('2026-03-01T19:04:00.000Z');
const at = (seconds) => new Date(START + seconds * 1000).toISOString();

class Element extends EventTarget {
  constructor(tag) {
    super();
    Object.assign(this, { tag, style: {}, dataset: {}, children: [], attributes: {} });
  }
  append(child) { this.children.push(child); child.parent = this; }
  remove() {
    this.parent.children = this.parent.children.filter((one) => one !== this);
    if (document.activeElement === this) document.activeElement = undefined;
  }
  setAttribute(name, value) { this.attributes[name] = value; }
  getAttribute(name) { return this.attributes[name] ?? null; }
  getBoundingClientRect() { return { left: 0, top: 0, width: 640, height: 720 }; }
  focus() { document.activeElement = this; this.dispatchEvent(new Event('focus')); }
  click() { this.dispatchEvent(new Event('click')); }
  all(tag) { return this.children.flatMap((one) => [...(one.tag === tag ? [one] : []), ...one.all(tag)]); }
}

const answers = {}; // by the end of an address
let look; // what the module does every 200 ms
const asked = [];
const opened = [];
globalThis.CustomEvent ??= class extends Event { // Node.js 18 has none
  constructor(name, { detail, ...more }) {
    super(name, more);
    this.detail = detail;
  }
};
Object.assign(globalThis, {
  setInterval: (handler) => { look = handler; },
  clearInterval: () => { look = () => {}; },
  document: Object.assign(new EventTarget(), { createElement: (tag) => new Element(tag), baseURI: 'https://shop.example/page' }),
  window: { open: (link) => { opened.push(link); return { location: { replace: (late) => opened.push(late) }, close() {} }; } },
  getComputedStyle: () => ({ position: 'relative', objectFit: 'contain', objectPosition: '50% 50%' }),
  ResizeObserver: class { observe() {} disconnect() {} },
  fetch: async (url, options) => {
    asked.push(options?.method === 'POST' ? JSON.parse(options.body) : url);
    const found = Object.keys(answers).find((end) => String(url).endsWith(end));
    return { ok: found !== undefined, json: async () => answers[found], text: async () => answers[found] ?? '' };
  },
});

const tick = async () => { for (let i = 0; i < 5; i++) await null; };

const make = async (more = {}) => {
  asked.length = 0;
  opened.length = 0;
  for (const end of Object.keys(answers)) delete answers[end];
  Object.assign(answers, { 'index.m3u8': '#EXTM3U\nshow/main/big.m3u8\n', ...more.answers });
  const [container, video] = [new Element('main'), new Element('video')];
  const track = { kind: 'metadata', mode: 'disabled', cues: [] };
  Object.assign(video, { currentTime: 0, videoWidth: 1280, videoHeight: 720,
    currentSrc: 'https://cdn.example/live/mango/index.m3u8',
    textTracks: Object.assign(new EventTarget(), { 0: { kind: 'captions', cues: [] }, 1: track, length: 2 }),
    getStartDate: () => new Date(START) });
  const cues = attachCues({ video, container, eventsUrl: 'https://cdn.example/live/mango/events' });
  video.dispatchEvent(new Event('loadedmetadata'));
  await tick();
  const overlay = container.children[0];
  return {
    video, track, overlay, cues, picture: overlay.children[0],
    buttons: () => overlay.all('button'),
    async to(time) {
      look();
      video.currentTime = time;
      video.dispatchEvent(new Event('seeked'));
      await tick();
    },
    range: (json, from) => track.cues.push({ type: 'com.apple.quicktime.HLS', startTime: from, endTime: from + 30,
      value: { key: 'X-COM-VITRINE-CUE', data: Buffer.from(JSON.stringify(json)).toString('base64url') } }),
    id3: (json, time) => track.cues.push({ type: 'org.id3', startTime: time, endTime: Infinity,
      value: { key: 'TXXX', info: 'vitrine.cue.v1', data: JSON.stringify(json) } }),
  };
};
const spot = { n: 'buy', act: 'add_to_cart', r: [30, 80, 6, 4], z: 2, l: 'Add to cart, €59.99' };
const revision = (rev, from, more = {}) => ({ v: 1, id: 'c1', rev, op: rev === 1 ? 'start' : 'update', t: at(from), pts: 0,
  tpl: 'card@1.0.0', item: 'SKU-1', price: { a: 5999, c: 'EUR' }, hs: [spot], more: `cues/c1.${rev}.json`, ...more });
const reports = () => asked.filter((one) => typeof one === 'object');

test('a button is a real one, in its place on the letterboxed picture', async () => {
  const page = await make();
  page.range(revision(1, 2), 2);
  await page.to(1.9);
  assert.equal(page.buttons().length, 0);
  await page.to(2);
  const [button] = page.buttons();
  assert.equal(button.type, 'button');
  assert.equal(button.getAttribute('aria-label'), 'Add to cart, €59.99');
  assert.deepEqual([button.style.left, button.style.top, button.style.width, button.style.height], ['30%', '80%', '6%', '4%']);
  assert.deepEqual([page.picture.style.top, page.picture.style.height], ['180px', '360px']);
  assert.equal(page.track.mode, 'hidden');
  await page.to(32);
  assert.equal(page.buttons().length, 0);
});

test('what is in band shows, changes and ends by itself', async () => {
  const page = await make();
  page.id3(revision(1, 2), 2);
  page.id3(revision(2, 4, { hs: [{ ...spot, l: 'Add to cart, €49.99' }], price: { a: 4999, c: 'EUR' } }), 4);
  page.id3({ v: 1, op: 'snap', on: [] }, 6);
  const label = () => page.buttons()[0]?.getAttribute('aria-label');
  await page.to(3);
  assert.equal(label(), 'Add to cart, €59.99');
  const [button] = page.buttons();
  await page.to(4);
  assert.equal(label(), 'Add to cart, €49.99');
  assert.equal(page.buttons()[0], button);
  await page.to(3);
  assert.equal(label(), 'Add to cart, €59.99');
  await page.to(6);
  assert.equal(label(), undefined);
});

test('a tap tells the revision that was seen, with the item and where it leads', async () => {
  const product = { id: 'SKU-1', link: 'https://shop.example/1' };
  const page = await make({ answers: { 'show/main/cues/c1.1.json': { product } } });
  page.range(revision(1, 2), 2);
  page.range(revision(2, 5), 5);
  await page.to(2.5);
  page.buttons()[0].click();
  await tick();
  assert.deepEqual(opened, ['https://shop.example/1']);
  assert.deepEqual(reports(), [
    { event: 'view_promotion', cue: 'c1', rev: 1, media_time: 2.5, item: 'SKU-1' },
    { event: 'add_to_cart', cue: 'c1', rev: 1, media_time: 2.5, item: 'SKU-1', hotspot: 'buy' }]);
});

test('a page may keep the tap for itself', async () => {
  const page = await make();
  page.range(revision(1, 2, { hs: [{ ...spot, u: 'https://shop.example/u' }] }), 2);
  page.video.addEventListener('vitrine-cue-click', (event) => {
    assert.equal(event.detail.link, 'https://shop.example/u');
    event.preventDefault();
  });
  await page.to(2);
  page.buttons()[0].click();
  assert.deepEqual(opened, []);
});

test('an appearance is reported once, also to who goes back', async () => {
  const page = await make();
  page.range(revision(1, 2), 2);
  for (const time of [3, 1, 3, 1, 4]) await page.to(time);
  assert.equal(reports().length, 1);
});

test('a change of price asks for nothing before it is needed', async () => {
  const link = (to) => ({ product: { id: 'SKU-1', link: `https://shop.example/${to}` } });
  const answers = { 'c1.1.json': link('old'), 'c1.9.json': link('new'), 'c1.10.json': link('other') };
  const page = await make({ answers });
  const documents = () => asked.filter((one) => String(one).includes('/cues/')).map((one) => one.split('/').pop());
  for (let rev = 1; rev <= 9; rev++) page.range(revision(rev, 2 + rev / 10), 2 + rev / 10);
  for (let rev = 1; rev <= 9; rev++) await page.to(2 + rev / 10);
  assert.deepEqual(documents(), ['c1.1.json']);
  page.buttons()[0].dispatchEvent(new Event('pointerdown'));
  await tick();
  page.buttons()[0].click();
  assert.deepEqual(documents(), ['c1.1.json', 'c1.9.json']);
  assert.deepEqual(opened, ['https://shop.example/new']);
  page.range(revision(10, 4, { item: 'SKU-2' }), 4);
  await page.to(4);
  assert.deepEqual(documents(), ['c1.1.json', 'c1.9.json', 'c1.10.json']);
});

test('the focus of a button that goes stays where it was', async () => {
  const page = await make();
  page.range(revision(1, 2), 2);
  page.range(revision(2, 4, { op: 'end', hs: [], ends: at(4) }), 4);
  await page.to(2);
  page.buttons()[0].focus();
  await page.to(3);
  assert.equal(document.activeElement, page.buttons()[0]);
  await page.to(4);
  assert.equal(page.buttons().length, 0);
  assert.equal(document.activeElement, page.overlay);
});

test('without a start date nothing is shown, and nothing breaks', async () => {
  const page = await make();
  page.video.getStartDate = () => new Date(NaN);
  page.id3(revision(1, 2), 2);
  page.id3({ v: 1, op: 'snap', on: ['c1.1'] }, 3);
  await page.to(3);
  assert.equal(page.buttons().length, 0);
  page.video.getStartDate = () => new Date(START);
  await page.to(3.1);
  assert.equal(page.buttons().length, 1);
});

test('what is detached is gone', async () => {
  const page = await make();
  page.range(revision(1, 2), 2);
  await page.to(2);
  page.cues.detach();
  assert.equal(page.overlay.parent.children.length, 0);
  await page.to(2.5);
  assert.equal(page.buttons().length, 0);
});
