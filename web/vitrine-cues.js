// Turns a vitrine stream's cues into buttons over the picture. Framework-free; docs/cues.md is the contract.
//
//   import { attachCues } from './vitrine-cues.js';
//   const cues = attachCues({ video, hls, eventsUrl: '/live/mango/events' });
//   …
//   cues.detach();
//
// The files beside it read what a stream carries (cue-reading.js, cue-table.js, picture.js) and what a player tells
// (cues-of-….js); this one draws.
import { ATTRIBUTE, DESCRIPTION, LIMITS, readBase64url, readCue, safeLink } from './cue-reading.js';
import { CueTable } from './cue-table.js';
import { listenToHls } from './cues-of-hls.js';
import { listenToShaka } from './cues-of-shaka.js';
import { listenToTracks } from './cues-of-tracks.js';
import { listenToVhs } from './cues-of-vhs.js';
import { ProgramClock, contentRect } from './picture.js';

export { ATTRIBUTE, DESCRIPTION, LIMITS, readBase64url, readCue, readId3, safeLink } from './cue-reading.js';
export { CueTable } from './cue-table.js';
export { ProgramClock, contentRect } from './picture.js';

/**
 * Watches a player and draws buttons over its picture.
 *
 * video       the element
 * hls         the hls.js instance that feeds it, or
 * shaka       the Shaka Player (with mediaSource.dispatchAllEmsgBoxes set, for cues in band), or
 * vhs         the video.js player; all left out where the browser plays HLS itself
 * container   what buttons are put into and what goes full screen; its parent if left out
 * eventsUrl   where viewer events go; none if left out
 * output      the name of the output that is shown, for the events
 * onEvent     is told each of them first; false keeps it from being sent
 *
 * On the video element: `vitrine-cue-show`, `-update`, `-hide` with detail { cue }, and `vitrine-cue-click` with
 * { cue, hotspot, link }, whose preventDefault() keeps the link from being opened. Returns { table, detach }.
 */
export function attachCues({ video, hls, shaka, vhs, container = video.parentElement, eventsUrl, output, onEvent }) {
  const table = new CueTable();
  const clock = new ProgramClock();
  const waiting = []; // indexes that came before the clock could tell their time
  const shown = new Map(); // id -> { cue, buttons, link }
  const links = new Map(); // address of `more` -> promise of its document
  const told = new Set(); // ids of the appearances that were reported
  let playlist; // what `more` is relative to where the player does not say
  let detached = false;
  let lastFrame = -Infinity;

  const overlay = document.createElement('div');
  overlay.className = 'vitrine-cues';
  overlay.tabIndex = -1; // takes the focus of a button that goes
  Object.assign(overlay.style, { position: 'absolute', overflow: 'hidden', pointerEvents: 'none', outline: 'none' });
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
    if (output) body.output = output;
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
    // A tap comes after one of these: what the current revision says is asked for before it is needed.
    for (const name of ['pointerenter', 'pointerdown', 'focus']) button.addEventListener(name, () => fetchNow(entry));
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

  const removeButton = (button) => {
    if (document.activeElement === button) overlay.focus({ preventScroll: true });
    button.remove();
  };

  const drawEntry = (entry) => {
    const names = new Set(entry.cue.hotspots.map((one) => one.name));
    for (const [name, button] of entry.buttons)
      if (!names.has(name)) {
        removeButton(button);
        entry.buttons.delete(name);
      }
    for (const hotspot of entry.cue.hotspots) drawButton(entry, hotspot);
  };

  const fetchNow = (entry) => {
    const { cue } = entry;
    if (entry.askedFor === cue) return;
    entry.askedFor = cue;
    entry.asked = fetchMore(cue, entry.base);
    entry.asked?.then((more) => {
      if (entry.askedFor === cue) entry.more = more ?? entry.more ?? {};
    });
  };

  // A price that changes ten times a second is no reason for ten requests: the same items have the same pages.
  const prefetch = (entry) => {
    const items = JSON.stringify([entry.cue.item, ...entry.cue.hotspots.map((one) => one.item)]);
    if (entry.items === items) return;
    entry.items = items;
    entry.more = undefined;
    fetchNow(entry);
  };

  const show = (cue, base) => {
    const known = shown.get(cue.id);
    if (known?.cue === cue) return;
    const entry = known ?? { buttons: new Map(), hotspots: new Map() };
    Object.assign(entry, { cue, base });
    shown.set(cue.id, entry);
    drawEntry(entry);
    prefetch(entry);
    emit(known ? 'update' : 'show', { cue });
    if (told.has(cue.id)) return; // a viewer went back, or its lease had run out
    if (told.size > LIMITS.ids) told.clear();
    told.add(cue.id);
    report('view_promotion', cue);
  };

  const hide = (id) => {
    const { cue, buttons } = shown.get(id);
    for (const button of buttons.values()) removeButton(button);
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
