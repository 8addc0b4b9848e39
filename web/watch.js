// The sample player: plays an output of /live/CHANNEL, waits for its show, and leaves the cues to vitrine-cues.js.
// ?output=NAME shows that output, ?output=all all of them side by side; without it, the one that suits the screen.
import { keepUp, lookAtHls } from './keep-up.js';
import { attachCues } from './vitrine-cues.js';

const RETRY_MS = 2000;
const QUIET_MS = 3000;

const channel = location.pathname.split('/').filter(Boolean).pop() ?? '';
const query = new URLSearchParams(location.search);
const token = query.get('token');
const ALL = 'all';
const live = `${token ? `/@${encodeURIComponent(token)}` : ''}/live/${channel}`;
const eventsUrl = `${live}/events`;
const byId = (id) => document.getElementById(id);
let source = `${live}/index.m3u8`;
let output; // the name of the one that plays
const [stage, video, status] = [byId('stage'), byId('video'), byId('status')];

document.title = `${channel} · vitrine`;
byId('channel').textContent = channel;

const say = (text) => {
  status.textContent = text;
};
const pause = (ms) => new Promise((done) => setTimeout(done, ms));

// ---- outputs

/** What the channel has, as [{ name, size, language, width, height }]; none where the server does not say. */
async function listOutputs() {
  try {
    const answer = await fetch(`${live}/outputs`);
    const { outputs } = answer.ok ? await answer.json() : { outputs: [] };
    return outputs.map((one) => {
      const [width, height] = (one.size ?? '').split('x').map(Number);
      return { ...one, width: width || 16, height: height || 9 };
    });
  } catch {
    return [];
  }
}

/** The first of the window's orientation in a language that the viewer reads, else the first of that orientation. */
function suitable(outputs) {
  const upright = window.innerHeight > window.innerWidth;
  const fitting = outputs.filter((one) => one.height > one.width === upright);
  const candidates = fitting.length > 0 ? fitting : outputs;
  const primary = (tag) => (tag ?? '').split('-')[0].toLowerCase();
  const reads = new Set((navigator.languages ?? []).map(primary));
  return candidates.find((one) => reads.has(primary(one.language))) ?? candidates[0];
}

function addressOf(name) {
  const next = new URLSearchParams(query);
  next.set('output', name);
  return `?${next}`;
}

function offerOutputs(outputs, current) {
  for (const name of [...outputs.map((one) => one.name), ALL]) {
    const link = document.createElement('a');
    link.href = addressOf(name);
    link.textContent = name;
    if (name === current) link.setAttribute('aria-current', 'true');
    byId('outputs').append(link);
  }
}

function showAll(outputs) {
  const wall = document.createElement('div');
  wall.id = 'wall';
  for (const one of outputs) {
    const frame = document.createElement('iframe');
    frame.src = addressOf(one.name);
    frame.title = `${channel}, ${one.name}`;
    frame.allow = 'autoplay; fullscreen';
    frame.style.setProperty('--shape', one.width / one.height);
    wall.append(frame);
  }
  video.remove();
  say('');
  stage.prepend(wall);
  stage.classList.add('all');
}

/** Chooses what plays. Returns whether there is anything more to do. */
async function chooseOutput() {
  const outputs = await listOutputs();
  const asked = query.get('output');
  const inFrame = window.parent !== window;
  if (outputs.length > 1 && !inFrame) offerOutputs(outputs, asked ?? suitable(outputs).name);
  if (asked === ALL && outputs.length > 1 && !inFrame) {
    showAll(outputs);
    return false;
  }
  const chosen = outputs.find((one) => one.name === asked) ?? (outputs.length > 1 ? suitable(outputs) : outputs[0]);
  output = chosen?.name;
  if (output && output !== 'main') source = `${live}/${output}/index.m3u8`;
  if (outputs.length > 1) byId('channel').textContent = `${channel} · ${output}`;
  return true;
}

// ---- playing

/** Waits until the channel has a playlist. */
async function waitForShow() {
  for (;;) {
    try {
      const answer = await fetch(source, { cache: 'no-store' });
      if (answer.ok) return;
      if (answer.status === 403) say('This show needs a new address.');
      else say(answer.status === 404 ? 'The show has not started yet.' : 'The server is not ready yet.');
    } catch {
      say('The server cannot be reached.');
    }
    await pause(RETRY_MS);
  }
}

async function start() {
  try {
    await video.play();
  } catch {
    stage.classList.add('paused'); // the browser wants a tap first
  }
}

/** Plays until the show ends or cannot go on. */
function playWithHls(Hls) {
  return new Promise((done) => {
    const hls = new Hls({
      enableWorker: false,
      backBufferLength: 60,
      lowLatencyMode: true, // where the playlist offers parts
    });
    const cues = attachCues({ video, hls, container: stage, eventsUrl, output });
    const stopKeepingUp = keepUp(video, () => lookAtHls(hls));
    const finish = () => {
      stopKeepingUp();
      video.removeEventListener('ended', finish);
      cues.detach();
      hls.destroy();
      done();
    };
    let mended = 0;
    hls.on(Hls.Events.MANIFEST_PARSED, start);
    hls.on(Hls.Events.ERROR, (_name, { fatal, type }) => {
      if (!fatal) return;
      if (type === Hls.ErrorTypes.MEDIA_ERROR && mended++ < 3) hls.recoverMediaError();
      else finish();
    });
    video.addEventListener('ended', finish);
    hls.loadSource(source);
    hls.attachMedia(video);
  });
}

function playNatively() {
  return new Promise((done) => {
    const cues = attachCues({ video, container: stage, eventsUrl, output });
    const finish = () => {
      for (const name of ['ended', 'error']) video.removeEventListener(name, finish);
      cues.detach();
      video.removeAttribute('src');
      video.load();
      done();
    };
    for (const name of ['ended', 'error']) video.addEventListener(name, finish);
    video.src = source;
    start();
  });
}

async function loadHls() {
  try {
    const { default: Hls } = await import('./vendor/hls.mjs');
    return Hls.isSupported() ? Hls : undefined;
  } catch {
    return undefined;
  }
}

async function run() {
  if (!(await chooseOutput())) return;
  const native = video.canPlayType('application/vnd.apple.mpegurl') !== '' && 'getStartDate' in video;
  const Hls = native ? undefined : await loadHls();
  if (!native && !Hls) {
    say('This browser cannot play the show.');
    return;
  }
  for (;;) {
    await waitForShow();
    say('');
    await (Hls ? playWithHls(Hls) : playNatively());
    say('The show is over. It goes on here when the next one starts.');
    await pause(RETRY_MS);
  }
}

// ---- controls

function showState() {
  stage.classList.toggle('paused', video.paused);
  stage.classList.toggle('muted', video.muted);
  byId('play').setAttribute('aria-label', video.paused ? 'Play the video' : 'Pause the video');
  byId('mute').setAttribute('aria-label', video.muted ? 'Turn sound on' : 'Turn sound off');
}

const togglePlay = () => (video.paused ? start() : video.pause());

byId('play').addEventListener('click', togglePlay);
byId('mute').addEventListener('click', () => {
  video.muted = !video.muted;
});
byId('full').addEventListener('click', () => {
  if (document.fullscreenElement) document.exitFullscreen();
  else if (stage.requestFullscreen) stage.requestFullscreen();
  else video.webkitEnterFullscreen?.();
});
document.addEventListener('fullscreenchange', () => {
  byId('full').setAttribute('aria-label', document.fullscreenElement ? 'Leave full screen' : 'Fill the screen');
});
for (const name of ['play', 'pause', 'volumechange', 'playing']) video.addEventListener(name, showState);

let quiet;
const stir = () => {
  stage.classList.remove('quiet');
  clearTimeout(quiet);
  quiet = setTimeout(() => stage.classList.add('quiet'), QUIET_MS);
};
for (const name of ['pointermove', 'pointerdown', 'keydown']) stage.addEventListener(name, stir);

showState();
stir();
run();
