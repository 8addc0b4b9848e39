// Drives Chromium for scene_player.py and others: one page that a viewer looks at. --any-origin: the page's content policy
// does not count, so that it can play from another server.
import { answer, launch } from './chromium.mjs';

const { context, page, complaints, close } = await launch({
  ignoreHTTPSErrors: true,
  bypassCSP: process.argv.includes('--any-origin'),
});
const popups = [];
context.on('page', (popup) => popups.push(popup));

// In the page: where the picture is inside the video element, and the buttons that can be seen.
const look = () => {
  const video = document.querySelector('video');
  const box = video.getBoundingClientRect();
  const scale = Math.min(box.width / video.videoWidth, box.height / video.videoHeight);
  const [width, height] = [video.videoWidth * scale, video.videoHeight * scale];
  const picture = { x: box.x + (box.width - width) / 2, y: box.y + (box.height - height) / 2, width, height };
  const buttons = [...document.querySelectorAll('button, [role=button]')].filter((one) => one.checkVisibility()).map((one) => {
    const at = one.getBoundingClientRect();
    return {
      name: one.getAttribute('aria-label') ?? one.textContent.trim(),
      real: one instanceof HTMLButtonElement && one.tabIndex >= 0 && !one.disabled,
      rect: [at.x - picture.x, at.y - picture.y, at.width, at.height].map((value, index) =>
        value / (index % 2 ? picture.height : picture.width) * 100),
    };
  });
  return { buttons, picture, time: video.currentTime, paused: video.paused, ready: video.readyState };
};

// In the page: for every presented frame, the mean of a rectangle of the picture and the names of the buttons.
const record = ([x, y, w, h]) => {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  canvas.width = 32;
  canvas.height = 32;
  const draw = canvas.getContext('2d', { willReadFrequently: true });
  window.recorded = [];
  const frame = (_now, meta) => {
    draw.drawImage(video, x / 100 * video.videoWidth, y / 100 * video.videoHeight, w / 100 * video.videoWidth,
      h / 100 * video.videoHeight, 0, 0, 32, 32);
    const picture = Array.from(draw.getImageData(0, 0, 32, 32).data.filter((_value, index) => index % 4 === 1));
    // The buttons are drawn in the same rendering step, after this callback: look when it is over.
    requestAnimationFrame(() => {
      const names = [...document.querySelectorAll('button')].filter((one) => one.checkVisibility())
        .map((one) => one.getAttribute('aria-label') ?? one.textContent.trim());
      window.recorded.push({ time: meta.mediaTime, picture, names });
      if (window.recorded.length > 600) window.recorded.shift();
    });
    video.requestVideoFrameCallback(frame);
  };
  video.requestVideoFrameCallback(frame);
};

// In the page: a second player without controls, whose inside can be looked at.
const probe = async (url) => {
  const { default: Hls } = await import('/web/vendor/hls.mjs');
  const video = document.createElement('video');
  video.muted = true;
  const hls = new Hls({ lowLatencyMode: true, maxLiveSyncPlaybackRate: 1.1 });
  window.probe = { hls, video, parts: 0, fatal: [], minor: [] };
  hls.on(Hls.Events.FRAG_BUFFERED, (_name, { part }) => { if (part) window.probe.parts += 1; });
  hls.on(Hls.Events.ERROR, (_name, { fatal, details, error }) =>
    window.probe[fatal ? 'fatal' : 'minor'].push(`${details} ${error?.message ?? ''}`));
  hls.on(Hls.Events.MANIFEST_PARSED, () => video.play());
  hls.loadSource(url);
  hls.attachMedia(video);
};

const probed = () => {
  const { hls, video, parts, fatal, minor } = window.probe;
  return { parts, fatal, minor, time: video.currentTime, latency: hls.latency, target: hls.targetLatency,
    behind: hls.playingDate ? (Date.now() - hls.playingDate) / 1000 : NaN,
    lowLatency: hls.levels[hls.currentLevel]?.details?.canBlockReload ?? false };
};

// In the page: the number that the next presented picture carries in `count` squares of `side` pixels, the lowest bit first,
// and when it is shown, in milliseconds since 1970.
const stamp = ({ count, side }) => new Promise((done) => {
  const video = document.querySelector('video');
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [count, 1];
  const draw = canvas.getContext('2d', { willReadFrequently: true });
  video.requestVideoFrameCallback((_now, meta) => {
    for (let bit = 0; bit < count; bit += 1) {
      draw.drawImage(video, bit * side + side / 4, side / 4, side / 2, side / 2, bit, 0, 1, 1);
    }
    const { data } = draw.getImageData(0, 0, count, 1);
    let number = 0;
    for (let bit = 0; bit < count; bit += 1) if (data[4 * bit] > 127) number += 2 ** bit;
    done({ number, shown: performance.timeOrigin + meta.expectedDisplayTime });
  });
});

const commands = {
  stamp: async ({ count, side }) => page.evaluate(stamp, { count, side }),
  probe: async ({ url }) => { await page.evaluate(probe, url); },
  probed: async () => page.evaluate(probed),
  open: async ({ url }) => { await page.goto(url); },
  look: async () => page.evaluate(look),
  record: async ({ rect }) => { await page.evaluate(record, rect); },
  recorded: async () => page.evaluate(() => window.recorded),
  click: async ({ name }) => {
    const before = popups.length;
    await page.getByRole('button', { name, exact: true }).click({ timeout: 5000 });
    return { opened: popups.slice(before).map((popup) => popup.url()) };
  },
  press: async ({ name, key }) => {
    await page.getByRole('button', { name, exact: true }).focus({ timeout: 5000 });
    await page.keyboard.press(key);
  },
  popups: async () => Promise.all(popups.map(async (popup) => {
    await popup.waitForLoadState('commit').catch(() => {});
    return popup.url();
  })),
  size: async ({ width, height }) => { await page.setViewportSize({ width, height }); },
  picture: async ({ path }) => { await page.screenshot({ path }); },
  complaints: async () => complaints,
};

await answer(commands);
await close();
