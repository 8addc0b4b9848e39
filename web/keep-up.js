// How fast to play so that a viewer stays as near the live edge as the server lets him. hls.js comes back to it only while
// more than a second lies ahead, which short parts never leave it, and video.js not at all.
const CATCH_UP = 1.1;
const LATE = 0.1; // seconds behind where the player should be from which on it hurries …
const THERE = 0.02; // … until it is so near
const PARTS_AHEAD = 1.5; // what has to lie ahead: less must not be played away

/**
 * The rate for a player that goes at `rate` now. `latency` is how far it is behind the live edge, `target` how far it should
 * be, `ahead` how much is buffered, `least` how much has to stay; all in seconds. Who is more than `far` late went back to see
 * something.
 */
export function rateFor({ rate, latency, target, ahead, least, far }) {
  const late = latency - target;
  return late > (rate > 1 ? THERE : LATE) && late < far && ahead > least ? CATCH_UP : 1;
}

/** Where hls.js is, as keepUp() asks. */
export function lookAtHls(hls) {
  const details = hls.latestLevelDetails;
  if (!details?.live || hls.targetLatency === null) return undefined;
  return { latency: hls.latency, target: hls.targetLatency, part: details.partTarget, whole: details.targetduration };
}

/**
 * Keeps `video` near the live edge. `look()` says where its player is: { latency, target } and the part's and the target
 * duration, { part, whole }; nothing while what plays is not live. Returns how to stop.
 *
 *   keepUp(video, () => lookAtHls(hls))
 */
export function keepUp(video, look) {
  const set = (rate) => {
    if (video.playbackRate !== rate) video.playbackRate = rate;
  };
  const onTime = () => {
    const seen = look();
    if (!seen || video.playbackRate === 0) return;
    const { latency, target, part, whole } = seen;
    const ahead = video.buffered.length ? video.buffered.end(video.buffered.length - 1) - video.currentTime : 0;
    const least = part ? PARTS_AHEAD * part : whole;
    set(rateFor({ rate: video.playbackRate, latency, target, ahead, least, far: target + whole }));
  };
  video.addEventListener('timeupdate', onTime);
  return () => {
    video.removeEventListener('timeupdate', onTime);
    set(1);
  };
}
