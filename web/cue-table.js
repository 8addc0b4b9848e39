// What is on air when. Pure.
import { LIMITS } from './cue-reading.js';

const LEASE_MS = 30000; // longest that a revision holds without a word from the stream
const TOLERANCE_MS = 4; // times are written in milliseconds, a frame of 60 a second lasts 16.7

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
