// video.js with VHS: ID3, from `emsg` or MPEG-TS, and EXT-X-DATERANGE share one metadata track; the segments that have been
// shown know both times.
import { listenToTracks } from './cues-of-tracks.js';

export function listenToVhs(player, video, into) {
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
