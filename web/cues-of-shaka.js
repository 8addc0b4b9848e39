// Shaka Player: `emsg` events once mediaSource.dispatchAllEmsgBoxes is set, `metadata` for ID3 in MPEG-TS, and regions for
// EXT-X-DATERANGE. Its presentation has one start, so that one pair of times is the whole clock.
import { ATTRIBUTE, DESCRIPTION, readBase64url, readId3 } from './cue-reading.js';

export function listenToShaka(player, video, into) {
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
