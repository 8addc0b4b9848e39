// Cues as hls.js tells of them.
//
// `into` is what attachCues gives a player's listener: clock, take(json, …), takeRange(), takeData(), reset(), onClock().
import { readId3 } from './cue-reading.js';

export function listenToHls(hls, into) {
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
