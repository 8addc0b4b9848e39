import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  CueTable, LIMITS, ProgramClock, contentRect, readBase64url, readCue, readId3, safeLink,
} from '../vitrine-cues.js';

const START = Date.parse('2026-03-01T19:04:12.480Z');
const base = { v: 1, id: 'c42', rev: 1, op: 'start', t: '2026-03-01T19:04:12.480Z', pts: 412345200,
  tpl: 'com.example.card@1.0.0', item: 'SKU-123', price: { a: 5999, c: 'EUR' },
  hs: [{ n: 'buy', act: 'add_to_cart', r: [30.417, 79.028, 6.25, 4.074], z: 2, l: 'Add to cart' }],
  more: 'cues/c42.1.json' };
const cue = (more = {}) => readCue(JSON.stringify({ ...base, ...more }));
const at = (seconds) => new Date(START + seconds * 1000).toISOString();
const shown = (table, seconds) => table.at(START + seconds * 1000).map((one) => `${one.cue.id}.${one.cue.rev}`);

// The vectors of the ID3v2.4 layout, written out by hand: header, one TXXX frame, UTF-8.
const synchsafe = (n) => [(n >> 21) & 127, (n >> 14) & 127, (n >> 7) & 127, n & 127];
const bytes = (text) => [...new TextEncoder().encode(text)];
const frame = (id, body) => [...bytes(id), ...synchsafe(body.length), 0, 0, ...body];
const txxx = (description, value, encoding = 3) => frame('TXXX', [encoding, ...bytes(description), 0, ...bytes(value)]);
const tag = (...frames) => {
  const body = frames.flat();
  return new Uint8Array([0x49, 0x44, 0x33, 4, 0, 0, ...synchsafe(body.length), ...body]);
};

test('a revision is read', () => {
  const read = cue();
  assert.equal(read.from, START);
  assert.equal(read.ends, Infinity);
  assert.deepEqual(read.price, { amount: 5999, currency: 'EUR' });
  assert.equal(read.hotspots[0].label, 'Add to cart');
  assert.deepEqual([...read.hotspots[0].rect], [30.417, 79.028, 6.25, 4.074]);
  assert.equal(cue({ ends: at(10) }).ends, START + 10000);
});

test('what is no cue is left out', () => {
  for (const wrong of [{ v: 2 }, { op: 'show' }, { id: '../x' }, { id: 7 }, { id: 'x'.repeat(33) }, { rev: 0 }, { rev: 1.5 },
    { rev: '7' }, { t: 'soon' }, { t: 7 }, { ends: 'never' }])
    assert.equal(cue(wrong), undefined, JSON.stringify(wrong));
  for (const wrong of ['', '{', '[]', 'null', '7', '"x"', undefined, 7, `{"v":1,"x":"${'x'.repeat(LIMITS.json)}"}`])
    assert.equal(readCue(wrong), undefined);
});

test('a hostile hotspot is dropped, the others stay', () => {
  const good = base.hs[0];
  for (const wrong of [null, 7, {}, { ...good, r: [1, 2, 3] }, { ...good, r: [0, 0, 0, 5] }, { ...good, r: [0, 0, -5, 5] },
    { ...good, r: ['x', 0, 5, 5] }, { ...good, r: [1e9, 0, 5, 5] }, { ...good, l: '' }, { ...good, l: 'x'.repeat(501) },
    { ...good, n: 7 }])
    assert.equal(cue({ hs: [wrong, good] }).hotspots.length, 1, JSON.stringify(wrong));
  const short = { n: 'b', r: [0, 0, 5, 5], l: 'b' };
  assert.equal(cue({ hs: Array(LIMITS.hotspots).fill(short) }).hotspots.length, LIMITS.hotspots);
  assert.equal(cue({ hs: Array(LIMITS.hotspots + 1).fill(short) }).hotspots.length, LIMITS.hotspots);
  assert.equal(cue({ hs: 'x' }).hotspots.length, 0);
  assert.equal(cue({ price: { a: -1, c: 'EUR' } }).price, undefined);
  assert.equal(cue({ hs: [{ ...good, z: 1e9 }] }).hotspots[0].z, 0);
});

test('only web addresses are links', () => {
  assert.equal(safeLink('https://shop.example/1'), 'https://shop.example/1');
  assert.equal(safeLink('cues/c1.json', 'https://cdn.example/live/a.m3u8'), 'https://cdn.example/live/cues/c1.json');
  for (const wrong of ['javascript:alert(1)', 'data:text/html,x', 'JaVaScRiPt:x', ' java\nscript:x', 'blob:x', '', 7, null,
    `https://x/${'y'.repeat(LIMITS.link)}`])
    assert.equal(safeLink(wrong, 'javascript:1'), undefined, String(wrong));
});

test('base64url is read strictly', () => {
  assert.equal(readBase64url(Buffer.from('{"v":1,"l":"ü – 加入"}').toString('base64url')), '{"v":1,"l":"ü – 加入"}');
  for (const wrong of ['', '=', 'a+b/', 'a', '_w', undefined, 7, 'A'.repeat(3 * LIMITS.json)])
    assert.equal(readBase64url(wrong), undefined, String(wrong));
});

test('our frames are found in ID3 tags', () => {
  const long = JSON.stringify({ l: 'x'.repeat(400) });
  assert.deepEqual(readId3(tag(txxx('vitrine.cue.v1', '{"v":1}'))), ['{"v":1}']);
  assert.deepEqual(readId3(tag(txxx('vitrine.cue.v1', long))), [long]);
  assert.deepEqual(readId3(tag(txxx('other', 'x'), frame('PRIV', [1, 0, 2]), txxx('vitrine.cue.v1', 'y'))), ['y']);
  assert.deepEqual(readId3(new Uint8Array([...tag(txxx('vitrine.cue.v1', 'a')), ...tag(txxx('vitrine.cue.v1', 'b'))])),
    ['a', 'b']);
  const vector = Buffer.from('49443304000000000028545858580000001e00000376697472696e652e637565007b2276223a312c226964'
    + '223a226331227d', 'hex');
  assert.deepEqual(readId3(new Uint8Array(vector)), []); // another description
});

test('broken ID3 tags give nothing and never throw', () => {
  const good = tag(txxx('vitrine.cue.v1', '{"v":1}'));
  for (let cut = 0; cut < good.length; cut++) assert.deepEqual(readId3(good.slice(0, cut)), []);
  assert.deepEqual(readId3(tag(txxx('vitrine.cue.v1', 'x', 1))), []);
  assert.deepEqual(readId3(tag(frame('TXXX', [3, ...bytes('vitrine.cue.v1'), 0, 0xff, 0xfe]))), []);
  assert.deepEqual(readId3(tag(frame('TXXX', []))), []);
  for (const wrong of [undefined, null, 'ID3', [], new Uint8Array()]) assert.deepEqual(readId3(wrong), []);
  let seed = 1;
  for (let round = 0; round < 3000; round++) {
    const mutant = Uint8Array.from(good);
    for (let i = 0; i < 3; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      mutant[(seed >>> 8) % mutant.length] = seed >>> 24;
    }
    for (const json of readId3(mutant)) readCue(json);
  }
});

test('the highest revision that is due is shown', () => {
  const table = new CueTable();
  table.add(cue(), { until: START + 30000 });
  table.add(cue({ rev: 2, op: 'update', t: at(5) }), { until: START + 35000 });
  assert.deepEqual(shown(table, -0.1), []);
  assert.deepEqual(shown(table, 0), ['c42.1']);
  assert.deepEqual(shown(table, 4.9), ['c42.1']);
  assert.deepEqual(shown(table, 5), ['c42.2']);
  assert.deepEqual(shown(table, 4.9), ['c42.1']); // back again
});

test('an older word that comes late changes nothing', () => {
  const table = new CueTable();
  table.add(cue({ rev: 3, t: at(1) }));
  table.add(cue({ rev: 2, t: at(0) }));
  assert.deepEqual(shown(table, 2), ['c42.3']);
});

test('a cue goes at its end, exactly', () => {
  const table = new CueTable();
  table.add(cue({ ends: at(10) }), { until: START + 30000 });
  assert.deepEqual(shown(table, 9.967), ['c42.1']);
  assert.deepEqual(shown(table, 10), []);
  table.add(cue({ rev: 2, op: 'end', t: at(6), ends: at(6), hs: [] }), { until: START + 30000 });
  assert.deepEqual(shown(table, 5.967), ['c42.1']);
  assert.deepEqual(shown(table, 6), []);
});

test('a lease runs out', () => {
  const table = new CueTable();
  table.add(cue(), { until: START + 20000 });
  assert.deepEqual(shown(table, 19.9), ['c42.1']);
  assert.deepEqual(shown(table, 20), []);
  table.add(cue({ op: 'snap' }), { until: START + 30000 });
  assert.deepEqual(shown(table, 29.9), ['c42.1']);
  const inBand = new CueTable();
  inBand.add(cue());
  assert.deepEqual(shown(inBand, 29.9), ['c42.1']);
  assert.deepEqual(shown(inBand, 30), []);
  inBand.addIndex(['c42.1'], START + 20000);
  assert.deepEqual(shown(inBand, 49.9), ['c42.1']);
});

test('an index removes what it does not name', () => {
  const table = new CueTable();
  table.add(cue(), { until: START + 30000 });
  table.add(cue({ id: 'c43', t: at(4) }), { until: START + 34000 });
  table.addIndex([], START + 4000);
  assert.deepEqual(shown(table, 3.9), ['c42.1']);
  assert.deepEqual(shown(table, 4), ['c43.1']); // it starts on the index's frame
  table.addIndex(['c43.1'], START + 6000);
  assert.deepEqual(shown(table, 6), ['c43.1']);
  assert.deepEqual(readCue('{"v":1,"op":"snap","on":["c42.7",7]}'), { on: ['c42.7'] });
});

test('the table is bounded', () => {
  const table = new CueTable();
  for (let i = 0; i < 3 * LIMITS.ids; i++) table.add(cue({ id: `c${i}` }));
  assert.equal(table.at(START).length, LIMITS.ids);
  for (let rev = 1; rev < 3 * LIMITS.revisions; rev++) table.add(cue({ id: 'c9000', rev, t: at(rev / 100) }));
  assert.ok(shown(table, 5).includes(`c9000.${3 * LIMITS.revisions - 1}`));
  assert.ok(!shown(table, 0.1).some((one) => one.startsWith('c9000')));
  for (let i = 0; i < 3 * LIMITS.indexes; i++) table.addIndex([], START - i * 1000);
});

test('the picture is found in its box', () => {
  const wide = { width: 1280, height: 720 };
  assert.deepEqual(contentRect({ width: 1280, height: 720 }, wide), { x: 0, y: 0, width: 1280, height: 720 });
  assert.deepEqual(contentRect({ width: 640, height: 720 }, wide), { x: 0, y: 180, width: 640, height: 360 });
  assert.deepEqual(contentRect({ width: 1000, height: 360 }, wide), { x: 180, y: 0, width: 640, height: 360 });
  assert.deepEqual(contentRect({ width: 640, height: 720 }, wide, 'cover'), { x: -320, y: 0, width: 1280, height: 720 });
  assert.deepEqual(contentRect({ width: 100, height: 50 }, wide, 'fill'), { x: 0, y: 0, width: 100, height: 50 });
  assert.deepEqual(contentRect({ width: 2560, height: 1440 }, wide, 'none'), { x: 640, y: 360, width: 1280, height: 720 });
  assert.deepEqual(contentRect({ width: 2560, height: 1440 }, wide, 'scale-down').width, 1280);
  assert.deepEqual(contentRect({ width: 640, height: 720 }, wide, 'contain', '0% 100%').y, 360);
  assert.deepEqual(contentRect({ width: 640, height: 720 }, wide, 'contain', '0px 10px').y, 10);
  assert.deepEqual(contentRect({ width: 300, height: 600 }, { width: 720, height: 1280 }).width, 300);
  assert.equal(contentRect({ width: 0, height: 720 }, wide), undefined);
  assert.equal(contentRect({ width: 10, height: 10 }, { width: 0, height: 0 }), undefined);
});

test('program time comes from fragments', () => {
  const clock = new ProgramClock();
  assert.equal(clock.at(1), undefined);
  clock.add(10, 12, START);
  clock.add(12, 14, START + 2000);
  clock.add(14, 16, NaN);
  assert.equal(clock.at(10.5), START + 500);
  assert.equal(clock.at(13), START + 3000);
  assert.equal(clock.at(15), START + 5000);
  assert.equal(clock.at(9), START - 1000);
  clock.clear();
  assert.equal(clock.at(13), undefined);
});

test('a clock may know one pair of times only', () => {
  const clock = new ProgramClock();
  clock.add(0, 4, START);
  clock.set(10, START + 12000);
  assert.equal(clock.at(10), START + 12000);
  assert.equal(clock.at(2), START + 4000);
});
