// Where the picture is, and what time it shows. Pure.

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
