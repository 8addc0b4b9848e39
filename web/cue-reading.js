// Cues from what a stream carries: JSON, base64url, ID3. Pure; takes hostile input.

export const DESCRIPTION = 'vitrine.cue.v1';
export const ATTRIBUTE = 'X-COM-VITRINE-CUE';
export const LIMITS = { json: 4096, ids: 256, revisions: 64, hotspots: 16, label: 500, link: 2000, indexes: 256 };

const text = (value, most) => (typeof value === 'string' && value.length > 0 && value.length <= most ? value : undefined);
const matches = (value, pattern) => typeof value === 'string' && pattern.test(value);
const whole = (value) => (Number.isSafeInteger(value) && value >= 0 ? value : undefined);

/** An http or https address, resolved against `base`; undefined for anything else. */
export function safeLink(value, base) {
  if (!text(value, LIMITS.link)) return undefined;
  try {
    const url = new URL(value, base);
    return url.protocol === 'https:' || url.protocol === 'http:' ? url.href : undefined;
  } catch {
    return undefined;
  }
}

function readHotspot(raw) {
  if (!raw || typeof raw !== 'object' || !Array.isArray(raw.r) || raw.r.length !== 4) return undefined;
  const rect = raw.r.map(Number);
  const [x, y, width, height] = rect;
  const inside = rect.every(Number.isFinite) && x >= -100 && y >= -100 && x <= 200 && y <= 200;
  const name = text(raw.n, 64);
  const label = text(raw.l, LIMITS.label);
  if (!inside || width <= 0 || height <= 0 || width > 200 || height > 200 || !name || !label) return undefined;
  return Object.freeze({
    name,
    action: text(raw.act, 64) ?? 'select_promotion',
    rect: Object.freeze(rect),
    z: Number.isInteger(raw.z) && Math.abs(raw.z) <= 1000 ? raw.z : 0,
    label,
    quantity: whole(raw.q),
    item: text(raw.i, 128),
    price: readPrice(raw.p),
    coupon: text(raw.c, 128),
    link: text(raw.u, LIMITS.link),
  });
}

function readPrice(raw) {
  const amount = whole(raw?.a);
  return amount === undefined || !matches(raw.c, /^[A-Z]{3}$/) ? undefined : Object.freeze({ amount, currency: raw.c });
}

const readHotspots = (raw) =>
  Object.freeze((Array.isArray(raw) ? raw.slice(0, LIMITS.hotspots) : []).map(readHotspot).filter(Boolean));

/** One revision from its JSON text, `{ on: […] }` for an index of what is on air, or undefined for what is neither. */
export function readCue(json) {
  if (typeof json !== 'string' || json.length > LIMITS.json) return undefined;
  let raw;
  try {
    raw = JSON.parse(json);
  } catch {
    return undefined;
  }
  if (raw?.v !== 1 || !['start', 'update', 'end', 'snap'].includes(raw.op)) return undefined;
  if (raw.op === 'snap' && Array.isArray(raw.on))
    return { on: raw.on.filter((one) => typeof one === 'string').slice(0, LIMITS.ids) };
  const from = typeof raw.t === 'string' ? Date.parse(raw.t) : NaN;
  const ends = typeof raw.ends === 'string' ? Date.parse(raw.ends) : Infinity;
  const rev = whole(raw.rev);
  if (!matches(raw.id, /^[A-Za-z0-9_-]{1,32}$/) || !rev || !Number.isFinite(from) || Number.isNaN(ends)) return undefined;
  return Object.freeze({
    id: raw.id,
    rev,
    op: raw.op,
    from,
    ends,
    pts: Number.isSafeInteger(raw.pts) ? raw.pts : undefined,
    template: text(raw.tpl, 260),
    item: text(raw.item, 128),
    price: readPrice(raw.price),
    hotspots: readHotspots(raw.hs),
    more: text(raw.more, LIMITS.link),
  });
}

/** Text of base64url, or undefined. */
export function readBase64url(value) {
  if (!text(value, 2 * LIMITS.json) || !/^[A-Za-z0-9_-]+$/.test(value)) return undefined;
  try {
    const bytes = atob(value.replaceAll('-', '+').replaceAll('_', '/'));
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(bytes, (one) => one.charCodeAt(0)));
  } catch {
    return undefined;
  }
}

const synchsafe = (data, at) =>
  [0, 1, 2, 3].some((i) => data[at + i] > 127)
    ? -1
    : (data[at] << 21) | (data[at + 1] << 14) | (data[at + 2] << 7) | data[at + 3];

/** The JSON texts of our TXXX frames in the bytes of one or more ID3v2.4 tags. */
export function readId3(data) {
  const found = [];
  let at = 0;
  while (data instanceof Uint8Array && at + 10 <= data.length && found.length < LIMITS.ids) {
    const size = synchsafe(data, at + 6);
    const isTag = data[at] === 0x49 && data[at + 1] === 0x44 && data[at + 2] === 0x33 && data[at + 3] === 4;
    if (!isTag || data[at + 5] !== 0 || size < 0 || at + 10 + size > data.length) break;
    readFrames(data.subarray(at + 10, at + 10 + size), found);
    at += 10 + size;
  }
  return found;
}

function readFrames(data, found) {
  let at = 0;
  while (at + 10 <= data.length && data[at] !== 0) {
    const size = synchsafe(data, at + 4);
    if (size < 0 || at + 10 + size > data.length) return;
    const id = String.fromCharCode(...data.subarray(at, at + 4));
    if (id === 'TXXX' && data[at + 8] === 0 && data[at + 9] === 0) {
      const json = readUserText(data.subarray(at + 10, at + 10 + size));
      if (json) found.push(json);
    }
    at += 10 + size;
  }
}

function readUserText(body) {
  const end = body.indexOf(0, 1);
  if (body[0] !== 3 || end < 0) return undefined;
  try {
    const decoder = new TextDecoder('utf-8', { fatal: true });
    if (decoder.decode(body.subarray(1, end)) !== DESCRIPTION) return undefined;
    return decoder.decode(body.subarray(end + 1)).replace(/\0+$/, '');
  } catch {
    return undefined;
  }
}
