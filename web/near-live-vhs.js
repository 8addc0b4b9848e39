// video.js near the live edge of a show with parts. Left to itself, VHS (3.17)
// - begins with the part that holds its live point, whether a key frame is in it or not: sound plays, the picture waits for
//   the next segment, and VHS jumps there, nearer to the end than the server allows and with nothing buffered;
// - takes the segment that is being made for a whole one, so that its live point is too late besides;
// - appends the init segment twice where the playlist is loaded anew between the first two parts, after which the browser drops
//   pictures up to the next key frame;
// - puts a part off for half a second while the other track's is being appended, so that it has to stay a little further back.
const INSIDE = 0.05; // seconds into the part: buffers begin with a rounding error
const PARTS_BEHIND = 0.6; // … what it needs beyond the server's hold-back, in part targets
const PARTS_READY = 2; // … and what it should have before it begins

const techOf = (player) => player.tech({ IWillNotUseThisInPlugins: true });

/** Seconds behind the end of the playlist where VHS plays well. */
function holdBack({ partTargetDuration: part, targetDuration: whole, serverControl }) {
  return part ? (serverControl?.partHoldBack ?? 3 * part) + PARTS_BEHIND * part : (serverControl?.holdBack ?? 3 * whole);
}

/** Where VHS is at `now`, as keepUp() (keep-up.js) asks; undefined while it has no live playlist. */
export function lookAtVhs(player, now) {
  const media = techOf(player)?.vhs?.playlists?.media();
  const last = media?.segments?.at(-1);
  const end = (last?.parts?.at(-1) ?? last)?.syncInfo?.end;
  if (media?.endList || !Number.isFinite(end)) return undefined;
  const age = (Date.now() - media.lastRequest) / 1000;
  return { latency: end + age - now, target: holdBack(media), part: media.partTargetDuration, whole: media.targetDuration };
}

/** Where to begin: the last part with a key frame that is far enough from the end. Undefined where VHS chooses well. */
export function startIn(media) {
  if (media.endList || !media.partTargetDuration || !media.segments?.length) return undefined;
  const pieces = media.segments.flatMap((one) => one.parts ?? [{ syncInfo: one.syncInfo, independent: true }]);
  const latest = pieces.at(-1).syncInfo?.end - holdBack(media);
  return pieces.findLast((one) => one.independent && one.syncInfo?.start <= latest)?.syncInfo.start;
}

/** Starts a video.js player that has its source: what to call in place of player.play(). */
export async function playNearLive(player) {
  const tech = techOf(player);
  if (!tech.seekable().length) await new Promise((done) => tech.one('seekablechanged', done));
  // VHS goes to its live point when it hears of this event, which is before we do.
  tech.one('play', () => {
    const media = tech.vhs?.playlists?.media();
    const start = media && startIn(media);
    if (start === undefined) return;
    tech.setCurrentTime(start + INSIDE);
    tech.setPlaybackRate(0);
    const begin = () => {
      const { buffered } = tech.el();
      const last = buffered.length - 1;
      if (last < 0) return;
      const from = Math.max(tech.currentTime(), buffered.start(last) + INSIDE);
      if (buffered.end(last) - from < PARTS_READY * media.partTargetDuration) return;
      tech.off('progress', begin);
      if (from > tech.currentTime()) tech.setCurrentTime(from);
      tech.setPlaybackRate(1);
    };
    tech.on('progress', begin);
  });
  return player.play();
}
