// Turns a vitrine stream's cues into buttons over the picture. Framework-free; docs/cues.md is the contract.
//
//   import { attachCues } from './vitrine-cues.js';
//   const cues = attachCues({ video, hls, eventsUrl: '/live/mango/events' });
//   …
//   cues.detach();
//
// The first part is pure and takes hostile input; the second reads players; the third draws.

export const DESCRIPTION = 'vitrine.cue.v1';
export const ATTRIBUTE = 'X-COM-VITRINE-CUE';
export const LIMITS = { json: 4096, ids: 256, revisions: 64, hotspots: 16, label: 500, link: 2000, indexes: 256 };

const LEASE_MS = 30000; // longest that a revision holds without a word from the stream
const TOLERANCE_MS = 4; // times are written in milliseconds, a frame of 60 a second lasts 16.7

// ---- reading

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

// ---- what is on air

/** Every revision that the stream has told of, and what is on air at an instant of program time (milliseconds). */
export class CueTable {
  #cues = new Map(); // id -> Map of rev -> { cue, until, base }
  #indexes = []; // { from, ids }, by time

  clear() {
    this.#cues.clear();
    this.#indexes = [];
  }

  /** Adds a revision; `until` is how far the stream vouches for it, `base` what its `more` is relative to. */
  add(cue, { until, base } = {}) {
    const vouched = Math.max(until ?? 0, cue.from + (until === undefined ? LEASE_MS : 0));
    let revisions = this.#cues.get(cue.id);
    if (!revisions) this.#cues.set(cue.id, (revisions = new Map()));
    const known = revisions.get(cue.rev);
    // A snap repeats a revision: the first form stays, only what vouches for it grows.
    if (known) {
      known.until = Math.max(known.until, vouched);
      known.base ??= base;
    } else {
      revisions.set(cue.rev, { cue, until: vouched, base });
    }
    this.#bound(revisions);
  }

  /** Adds an index: at `from`, of all cues just those named ("c42.7") were on air. */
  addIndex(on, from) {
    if (!Number.isFinite(from) || this.#indexes.some((one) => Math.abs(one.from - from) < TOLERANCE_MS)) return;
    this.#indexes.push({ from, ids: new Set(on.map((one) => one.split('.')[0])) });
    this.#indexes.sort((a, b) => a.from - b.from);
    if (this.#indexes.length > LIMITS.indexes) this.#indexes.shift();
    for (const one of on) {
      const dot = one.lastIndexOf('.');
      const known = this.#cues.get(one.slice(0, dot))?.get(Number(one.slice(dot + 1)));
      if (known) known.until = Math.max(known.until, from + LEASE_MS);
    }
  }

  /** What is on air at `now`: [{ cue, base }]. */
  at(now) {
    const shown = [];
    for (const revisions of this.#cues.values()) {
      let latest;
      for (const one of revisions.values())
        if (one.cue.from <= now + TOLERANCE_MS && !(latest?.cue.rev > one.cue.rev)) latest = one;
      if (latest && this.#alive(latest, now)) shown.push({ cue: latest.cue, base: latest.base });
    }
    return shown;
  }

  #alive({ cue, until }, now) {
    const end = Math.min(cue.ends, until) - TOLERANCE_MS;
    if (cue.op === 'end' || now >= end) return false;
    return !this.#indexes.some(
      (one) => one.from > cue.from + TOLERANCE_MS && one.from <= now + TOLERANCE_MS && !one.ids.has(cue.id));
  }

  #bound(revisions) {
    if (revisions.size > LIMITS.revisions) revisions.delete(Math.min(...revisions.keys()));
    if (this.#cues.size > LIMITS.ids) this.#cues.delete(this.#cues.keys().next().value);
  }
}

// ---- where the picture is

const place = (word, free) => {
  if (word?.endsWith('%')) return (free * parseFloat(word)) / 100;
  if (word?.endsWith('px')) return parseFloat(word);
  return free / 2;
};

/** The rectangle of the picture inside a box, in its pixels: what object-fit and object-position make of it. */
export function contentRect(box, picture, fit = 'contain', position = '50% 50%') {
  if (!(box.width > 0 && box.height > 0 && picture.width > 0 && picture.height > 0)) return undefined;
  const [across, down] = [box.width / picture.width, box.height / picture.height];
  const scales = {
    fill: [across, down],
    cover: Array(2).fill(Math.max(across, down)),
    none: [1, 1],
    'scale-down': Array(2).fill(Math.min(1, across, down)),
  };
  const [sx, sy] = scales[fit] ?? Array(2).fill(Math.min(across, down));
  const [width, height] = [picture.width * sx, picture.height * sy];
  const [left, top] = position.split(' ');
  return { x: place(left, box.width - width), y: place(top ?? '50%', box.height - height), width, height };
}

/** Pairs of media time and program time, from fragments; program time of a media time in seconds. */
export class ProgramClock {
  #spans = [];

  clear() {
    this.#spans = [];
  }

  add(start, end, date) {
    if (![start, end, date].every(Number.isFinite) || end <= start) return;
    this.#spans = this.#spans.filter((one) => Math.abs(one.start - start) > 0.1);
    this.#spans.push({ start, end, date });
    if (this.#spans.length > 100) this.#spans.shift();
  }

  /** One pair for all times. */
  set(time, date) {
    this.#spans = [{ start: time, end: time, date }];
  }

  /** Milliseconds, or undefined when no fragment says. */
  at(time) {
    let best;
    let least = Infinity;
    for (const one of this.#spans) {
      const away = time < one.start - 0.002 ? one.start - time : Math.max(0, time - one.end);
      if (away < least) [best, least] = [one, away];
    }
    return best && best.date + (time - best.start) * 1000;
  }
}

// ---- players

function listenToHls(hls, into) {
  const names = hls.constructor.Events;
  const onMetadata = (_name, { samples, frag }) => {
    for (const sample of samples ?? [])
      for (const json of readId3(sample.data)) into.take(json, { base: frag?.baseurl, time: sample.pts, frag });
  };
  const onLevel = (_name, { details }) => {
    for (const range of Object.values(details?.dateRanges ?? {})) into.takeRange(range, details.url);
  };
  const onFragment = (_name, { frag }) => {
    if (frag.type !== 'main' || frag.sn === 'initSegment') return;
    into.clock.add(frag.start, frag.start + frag.duration, frag.programDateTime ?? NaN);
    into.onClock();
  };
  const onManifest = () => into.reset();
  const handlers = [
    [names.FRAG_PARSING_METADATA, onMetadata],
    [names.LEVEL_UPDATED, onLevel],
    [names.LEVEL_LOADED, onLevel],
    [names.FRAG_BUFFERED, onFragment],
    [names.FRAG_CHANGED, onFragment],
    [names.MANIFEST_LOADING, onManifest],
  ];
  for (const [name, handler] of handlers) hls.on(name, handler);
  return () => handlers.forEach(([name, handler]) => hls.off(name, handler));
}

// Shaka Player: `emsg` events once mediaSource.dispatchAllEmsgBoxes is set, `metadata` for ID3 in MPEG-TS, and regions for
// EXT-X-DATERANGE. Its presentation has one start, so that one pair of times is the whole clock.
function listenToShaka(player, video, into) {
  const onEmsg = ({ detail }) => {
    for (const json of readId3(detail.messageData)) into.take(json, { time: detail.startTime });
  };
  const onMetadata = (event) => {
    const { key, description, data } = event.payload ?? {};
    if (key === 'TXXX' && description === DESCRIPTION) into.take(data, { time: event.startTime });
  };
  const onRegion = ({ detail }) => {
    const mine = detail.values?.find((one) => one.key === ATTRIBUTE);
    const json = mine && readBase64url(mine.data);
    if (json) into.take(json, { until: into.dateOf(detail.endTime) });
  };
  const onClock = () => {
    const start = player.getPresentationStartTimeAsDate?.()?.getTime();
    const date = player.getPlayheadTimeAsDate?.()?.getTime() ?? start;
    if (Number.isFinite(date)) into.clock.set(video.currentTime, date);
    into.onClock();
  };
  const onLoading = () => into.reset();
  const handlers = [['emsg', onEmsg], ['metadata', onMetadata], ['metadataadded', onMetadata],
    ['timelineregionadded', onRegion], ['loading', onLoading]];
  for (const [name, handler] of handlers) player.addEventListener(name, handler);
  video.addEventListener('timeupdate', onClock);
  return () => {
    handlers.forEach(([name, handler]) => player.removeEventListener(name, handler));
    video.removeEventListener('timeupdate', onClock);
  };
}

// video.js with VHS: ID3, from `emsg` or MPEG-TS, and EXT-X-DATERANGE share one metadata track; the segments that have been
// shown know both times.
function listenToVhs(player, video, into) {
  const onClock = () => {
    const media = player.tech({ IWillNotUseThisInPlugins: true })?.vhs?.playlists?.media();
    for (const one of media?.segments ?? [])
      into.clock.add(one.start ?? NaN, one.end ?? NaN, one.dateTimeObject?.getTime() ?? NaN);
    if (media?.resolvedUri) into.base = media.resolvedUri;
    into.onClock();
  };
  const stop = listenToTracks(player, into);
  video.addEventListener('timeupdate', onClock);
  return () => {
    stop();
    video.removeEventListener('timeupdate', onClock);
  };
}

// Safari's own player gives DataCues on metadata tracks; each is looked at once.
function listenToTracks(player, into) {
  const seen = new WeakSet();
  const tracks = typeof player.textTracks === 'function' ? player.textTracks() : player.textTracks;
  const scan = () => {
    for (const track of Array.from(tracks)) {
      if (track.kind !== 'metadata') continue;
      if (track.mode === 'disabled') track.mode = 'hidden';
      for (const cue of Array.from(track.cues ?? [])) {
        if (seen.has(cue)) continue;
        seen.add(cue);
        into.takeData(cue);
      }
    }
  };
  const timer = setInterval(scan, 200);
  tracks.addEventListener('addtrack', scan);
  return () => {
    clearInterval(timer);
    tracks.removeEventListener('addtrack', scan);
  };
}

// ---- on the page

/**
 * Watches a player and draws buttons over its picture.
 *
 * video       the element
 * hls         the hls.js instance that feeds it, or
 * shaka       the Shaka Player (with mediaSource.dispatchAllEmsgBoxes set, for cues in band), or
 * vhs         the video.js player; all left out where the browser plays HLS itself
 * container   what buttons are put into and what goes full screen; its parent if left out
 * eventsUrl   where viewer events go; none if left out
 * onEvent     is told each of them first; false keeps it from being sent
 *
 * On the video element: `vitrine-cue-show`, `-update`, `-hide` with detail { cue }, and `vitrine-cue-click` with
 * { cue, hotspot, link }, whose preventDefault() keeps the link from being opened. Returns { table, detach }.
 */
export function attachCues({ video, hls, shaka, vhs, container = video.parentElement, eventsUrl, onEvent }) {
  const table = new CueTable();
  const clock = new ProgramClock();
  const waiting = []; // indexes that came before the clock could tell their time
  const shown = new Map(); // id -> { cue, buttons, link }
  const links = new Map(); // address of `more` -> promise of its document
  let playlist; // what `more` is relative to where the player does not say
  let detached = false;
  let lastFrame = -Infinity;

  const overlay = document.createElement('div');
  overlay.className = 'vitrine-cues';
  Object.assign(overlay.style, { position: 'absolute', overflow: 'hidden', pointerEvents: 'none' });
  if (getComputedStyle(container).position === 'static') container.style.position = 'relative';
  container.append(overlay);

  const picture = document.createElement('div');
  Object.assign(picture.style, { position: 'absolute' });
  overlay.append(picture);

  const emit = (name, detail) => {
    const event = new CustomEvent(`vitrine-cue-${name}`, { detail, bubbles: true, cancelable: true });
    return video.dispatchEvent(event);
  };

  const report = (event, cue, hotspot) => {
    const body = { event, cue: cue.id, rev: cue.rev, media_time: Math.max(0, Math.round(video.currentTime * 1000) / 1000) };
    const item = hotspot?.item ?? cue.item;
    if (item) body.item = item;
    if (hotspot) body.hotspot = hotspot.name;
    if (onEvent?.(body) === false || !eventsUrl) return;
    const data = JSON.stringify(body);
    fetch(eventsUrl, { method: 'POST', body: data, keepalive: true, credentials: 'omit',
      headers: { 'Content-Type': 'application/json' } })
      .catch(() => navigator.sendBeacon?.(eventsUrl, data));
  };

  // ---- links

  const fetchMore = (cue, base) => {
    const url = cue.more && safeLink(cue.more, base ?? playlist ?? document.baseURI);
    if (!url) return undefined;
    if (!links.has(url)) {
      if (links.size > LIMITS.ids) links.clear();
      links.set(url, fetch(url, { credentials: 'omit' }).then((answer) => (answer.ok ? answer.json() : undefined))
        .catch(() => undefined));
    }
    return links.get(url);
  };

  const productLink = (more, hotspot) => {
    const all = [more?.product, more?.data?.product, ...(Array.isArray(more?.products) ? more.products : [])];
    const own = hotspot.item ? all.find((one) => one?.id === hotspot.item) : undefined;
    return safeLink((own ?? all.find((one) => one?.link))?.link, document.baseURI);
  };

  const open = (entry, hotspot) => {
    const link = safeLink(hotspot.link, document.baseURI) ?? (entry.more && productLink(entry.more, hotspot));
    if (!emit('click', { cue: entry.cue, hotspot, link })) return;
    if (link) {
      window.open(link, '_blank', 'noopener');
    } else if (entry.asked && !entry.more) {
      // Not there yet: the window must open inside the tap, its address follows.
      const page = window.open('', '_blank');
      if (page) page.opener = null;
      entry.asked.then((more) => {
        const late = productLink(more, hotspot);
        if (late && page) page.location.replace(late);
        else page?.close();
      });
    }
  };

  // ---- buttons

  const makeButton = (entry, hotspot) => {
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'vitrine-hotspot';
    Object.assign(button.style, { position: 'absolute', margin: 0, padding: 0, border: 0, background: 'transparent',
      cursor: 'pointer', pointerEvents: 'auto' });
    button.addEventListener('click', (event) => {
      event.stopPropagation();
      const now = entry.hotspots.get(button);
      report(now.action, entry.cue, now);
      open(entry, now);
    });
    picture.append(button);
    entry.buttons.set(hotspot.name, button);
    return button;
  };

  const drawButton = (entry, hotspot) => {
    const button = entry.buttons.get(hotspot.name) ?? makeButton(entry, hotspot);
    const [x, y, width, height] = hotspot.rect;
    Object.assign(button.style, { left: `${x}%`, top: `${y}%`, width: `${width}%`, height: `${height}%`,
      zIndex: String(hotspot.z) });
    if (button.getAttribute('aria-label') !== hotspot.label) button.setAttribute('aria-label', hotspot.label);
    button.dataset.cue = entry.cue.id;
    button.dataset.action = hotspot.action;
    entry.hotspots.set(button, hotspot);
  };

  const drawEntry = (entry) => {
    const names = new Set(entry.cue.hotspots.map((one) => one.name));
    for (const [name, button] of entry.buttons)
      if (!names.has(name)) {
        button.remove();
        entry.buttons.delete(name);
      }
    for (const hotspot of entry.cue.hotspots) drawButton(entry, hotspot);
  };

  const prefetch = (entry, base) => {
    const { cue } = entry;
    entry.more = undefined;
    entry.asked = fetchMore(cue, base);
    entry.asked?.then((more) => {
      if (entry.cue === cue) entry.more = more ?? {};
    });
  };

  const show = (cue, base) => {
    const known = shown.get(cue.id);
    if (known?.cue === cue) return;
    const entry = known ?? { buttons: new Map(), hotspots: new Map() };
    entry.cue = cue;
    shown.set(cue.id, entry);
    drawEntry(entry);
    prefetch(entry, base);
    emit(known ? 'update' : 'show', { cue });
    if (!known) report('view_promotion', cue);
  };

  const hide = (id) => {
    const { cue, buttons } = shown.get(id);
    for (const button of buttons.values()) button.remove();
    shown.delete(id);
    emit('hide', { cue });
  };

  const programTime = (time) => {
    const start = hls || shaka || vhs ? undefined : video.getStartDate?.().getTime();
    return Number.isFinite(start) ? start + time * 1000 : clock.at(time);
  };

  const draw = (time) => {
    const now = programTime(time);
    const live = now === undefined ? [] : table.at(now);
    const ids = new Set(live.map(({ cue }) => cue.id));
    for (const id of [...shown.keys()]) if (!ids.has(id)) hide(id);
    for (const { cue, base } of live) show(cue, base);
  };

  // ---- layout

  const layout = () => {
    const box = video.getBoundingClientRect();
    const outer = container.getBoundingClientRect();
    const style = getComputedStyle(video);
    const rect = contentRect(box, { width: video.videoWidth, height: video.videoHeight }, style.objectFit,
      style.objectPosition);
    overlay.hidden = !rect;
    if (!rect) return;
    Object.assign(overlay.style, {
      left: `${box.left - outer.left - container.clientLeft}px`, top: `${box.top - outer.top - container.clientTop}px`,
      width: `${box.width}px`, height: `${box.height}px` });
    Object.assign(picture.style, { left: `${rect.x}px`, top: `${rect.y}px`, width: `${rect.width}px`,
      height: `${rect.height}px` });
  };

  // ---- input

  const flushWaiting = () => {
    for (const { on, time } of waiting.splice(0)) takeIndex(on, time);
  };

  const takeIndex = (on, time) => {
    const from = programTime(time);
    if (from !== undefined) table.addIndex(on, from);
    else if (waiting.length < LIMITS.indexes) waiting.push({ on, time });
  };

  const into = {
    clock,
    onClock: flushWaiting,
    reset() {
      table.clear();
      clock.clear();
      waiting.length = 0;
      for (const id of [...shown.keys()]) hide(id);
    },
    take(json, { base, time, until }) {
      const cue = readCue(json);
      if (cue?.on) takeIndex(cue.on, time);
      else if (cue) table.add(cue, { base, until });
    },
    takeRange(range, base) {
      const json = readBase64url(range.attr?.[ATTRIBUTE]);
      const until = range.startDate?.getTime() + (range.duration ?? NaN) * 1000;
      if (json) into.take(json, { base, until: Number.isFinite(until) ? until : undefined });
    },
    dateOf: (time) => {
      const date = programTime(time);
      return Number.isFinite(date) ? date : undefined;
    },
    takeData(data) {
      const { key, id, info, description, data: value } = data.value ?? {};
      if ((key ?? id) === 'TXXX' && (info ?? description) === DESCRIPTION) {
        into.take(value ?? data.value.value, { time: data.startTime, base: into.base });
      } else if (key === ATTRIBUTE || (vhs && key === undefined && typeof value === 'string')) {
        // VHS loses the names of attributes: what reads as a cue is one.
        const end = programTime(data.endTime);
        const json = readBase64url(value);
        if (json) into.take(json, { time: data.startTime, base: into.base, until: Number.isFinite(end) ? end : undefined });
      }
    },
  };

  const findPlaylist = async () => {
    const source = shaka?.getAssetUri() ?? video.currentSrc;
    if (hls || vhs || !/^https?:/.test(source)) return;
    try {
      const answer = await fetch(source, { credentials: 'omit' });
      const line = (await answer.text()).split('\n').find((one) => one.trim() && !one.startsWith('#'));
      playlist = line && new URL(line.trim(), source).href;
    } catch {
      playlist = undefined;
    }
  };

  // ---- time

  const onFrame = (now, meta) => {
    if (detached) return;
    lastFrame = now;
    draw(meta.mediaTime);
    video.requestVideoFrameCallback(onFrame);
  };
  const onTime = () => {
    // Frames say it better; this is for browsers without them, and for hidden pages.
    if (performance.now() - lastFrame > 500 || video.seeking) draw(video.currentTime);
  };
  const listen = () => {
    if (hls) return listenToHls(hls, into);
    if (shaka) return listenToShaka(shaka, video, into);
    return vhs ? listenToVhs(vhs, video, into) : listenToTracks(video, into);
  };
  const stops = [listen()];
  const on = (target, name, handler) => {
    target.addEventListener(name, handler);
    stops.push(() => target.removeEventListener(name, handler));
  };
  for (const name of ['timeupdate', 'seeked', 'pause', 'ended']) on(video, name, onTime);
  for (const name of ['resize', 'loadedmetadata']) on(video, name, layout);
  on(video, 'loadedmetadata', findPlaylist);
  on(document, 'fullscreenchange', layout);
  const sizes = new ResizeObserver(layout);
  sizes.observe(video);
  sizes.observe(container);
  stops.push(() => sizes.disconnect());
  video.requestVideoFrameCallback?.(onFrame);
  layout();

  return {
    table,
    detach() {
      detached = true;
      for (const stop of stops) stop();
      for (const id of [...shown.keys()]) hide(id);
      overlay.remove();
    },
  };
}
