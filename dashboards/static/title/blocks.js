// The sound of the tracks in blocks, decoded to the very samples.

import { Recent, piece } from "./pieces.js";

export const RATE = 48000;
// A megabyte each: eight tracks, ten blocks of 2.7 seconds.
const KEPT = 80;

/** Decoded blocks of every track; what is asked for twice is fetched once. */
export class Blocks {
  constructor() {
    // Decodes at the rate of the blocks: a context at another would resample them.
    this.decoder = new OfflineAudioContext(2, 1, RATE);
    this.asked = new Recent(KEPT);
    this.there = new Recent(KEPT);
  }

  /** The block if it is decoded, else undefined. */
  ready(track, number) {
    return this.there.get(`${track.id} ${number}`);
  }

  /** A promise of the block as an AudioBuffer. */
  get(track, number) {
    const key = `${track.id} ${number}`;
    const asked = this.asked.get(key);
    if (asked) return asked;
    const coming = piece(track.url, track.index.audio, number)
      .then((file) => this.decoder.decodeAudioData(file))
      .then((buffer) => this.there.set(key, buffer));
    coming.catch(() => this.asked.delete(key));
    return this.asked.set(key, coming);
  }
}
