// Safari's own player gives DataCues on metadata tracks; each is looked at once.
export function listenToTracks(player, into) {
  const seen = new WeakSet();
  const tracks = typeof player.textTracks === 'function' ? player.textTracks() : player.textTracks;
  const scan = () => {
    for (const track of Array.from(tracks)) {
      if (track.kind !== 'metadata') continue;
      if (track.mode === 'disabled') track.mode = 'hidden';
      for (const cue of Array.from(track.cues ?? [])) {
        if (seen.has(cue)) continue;
        seen.add(cue);
        into.takeData(cue);
      }
    }
  };
  const timer = setInterval(scan, 200);
  tracks.addEventListener('addtrack', scan);
  return () => {
    clearInterval(timer);
    tracks.removeEventListener('addtrack', scan);
  };
}
