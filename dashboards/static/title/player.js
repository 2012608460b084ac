// All tracks at one playhead: scheduled on one clock, to the sample, and heard by their gains.

import { Blocks, RATE } from "./blocks.js";

// Sound is handed over so long before it is due: less is heard as a gap on a busy machine.
const LEAD_SECONDS = 0.03;
// Short enough for an ear to take it as a cut, long enough not to click.
const RAMP_SECONDS = 0.008;
const PUMP_MILLISECONDS = 120;
// Blocks scheduled beyond the one that plays.
const AHEAD = 2;

/**
 * Plays tracks `{id, url, index}`. Events: `state` when it starts or stops, `track` when another is heard, `trouble`
 * with words in `detail`. Times in and out are in frames at 48 kHz.
 */
export class Player extends EventTarget {
  constructor(tracks, { context = null, blocks = new Blocks() } = {}) {
    super();
    this.tracks = tracks;
    this.blocks = blocks;
    this.context = context;
    this.frames = tracks.length ? tracks[0].index.frames : 0;
    this.span = tracks.length ? tracks[0].index.audio.span : 1;
    this.heard = tracks.length ? tracks[0].id : null;
    this.playing = false;
    this.resting = 0;
    this.until = null;
    this.level = 1;
    this.gains = new Map();
    this.sources = new Set();
    this.generation = 0;
    this.next = new Map();
  }

  /** The frame that is heard now, or that will be first. */
  get frame() {
    if (!this.playing || !this.origin) return this.resting;
    const late = this.context.outputLatency || 0;
    const gone = Math.max(0, this.context.currentTime - late - this.origin.time);
    return Math.min(this.frames, this.origin.frame + Math.round(gone * RATE));
  }

  /** Begins at `frame`; with `until`, ends there. The track that is heard is waited for, the others join it. */
  async play(frame = this.frame, until = null) {
    if (!this.tracks.length) return;
    const at = Math.round(Math.min(Math.max(frame, 0), this.frames - 1));
    const turn = ++this.generation;
    this.#open();
    this.#silence();
    this.resting = at;
    this.until = until;
    this.origin = null;
    const wasPlaying = this.playing;
    this.playing = true;
    if (!wasPlaying) this.dispatchEvent(new Event("state"));
    const first = Math.floor(at / this.span);
    try {
      await Promise.all([this.context.resume(), this.blocks.ready(this.#track(), first) ?? this.blocks.get(this.#track(), first)]);
    } catch (error) {
      return this.#fail(error, turn);
    }
    if (turn !== this.generation) return;
    // On the grid of samples: every track is on the same one.
    const time = Math.ceil((this.context.currentTime + LEAD_SECONDS) * RATE) / RATE;
    this.origin = { time, frame: at };
    for (const track of this.tracks) this.next.set(track.id, first);
    this.#pump(turn);
    this.pumping = setInterval(() => this.#pump(turn), PUMP_MILLISECONDS);
  }

  /** Stops where it is. */
  pause() {
    if (!this.playing) return;
    this.resting = this.frame;
    this.#stop();
  }

  /** Goes to `frame`, and on from there where it was playing. */
  seek(frame) {
    const at = Math.round(Math.min(Math.max(frame, 0), Math.max(this.frames - 1, 0)));
    if (this.playing) return this.play(at);
    this.resting = at;
    this.prefetch(at);
    return Promise.resolve();
  }

  /** Has the block at `frame` fetched, of the track that is heard and then of one after another of the rest. */
  async prefetch(frame) {
    const turn = (this.fetching = {});
    const number = Math.floor(frame / this.span);
    for (const track of [this.#track(), ...this.tracks.filter((one) => one.id !== this.heard)]) {
      // All at once would leave no connection for what is to be seen.
      if (track && turn === this.fetching) await this.blocks.get(track, number).catch(() => {});
    }
  }

  /** Lets another track be heard, from this moment on. */
  hear(id) {
    if (!this.tracks.some((track) => track.id === id) || id === this.heard) return;
    this.before = this.heard;
    this.heard = id;
    for (const [name, node] of this.gains) this.#turn(node, name === id ? 1 : 0);
    this.dispatchEvent(new Event("track"));
  }

  /** Back to the track that was heard before. */
  swap() {
    const other = this.before ?? this.tracks.find((track) => track.id !== this.heard)?.id;
    if (other) this.hear(other);
  }

  /** How loud, as a factor. */
  volume(level) {
    this.level = level;
    if (this.master) this.#turn(this.master, level);
  }

  #track() {
    return this.tracks.find((track) => track.id === this.heard);
  }

  #open() {
    this.context ??= new AudioContext({ sampleRate: RATE, latencyHint: "interactive" });
    if (this.master) return;
    this.master = new GainNode(this.context, { gain: this.level });
    this.master.connect(this.context.destination);
    for (const track of this.tracks) {
      const node = new GainNode(this.context, { gain: track.id === this.heard ? 1 : 0 });
      node.connect(this.master);
      this.gains.set(track.id, node);
    }
  }

  #turn(node, level) {
    const now = this.context.currentTime;
    node.gain.cancelScheduledValues(now);
    node.gain.setValueAtTime(node.gain.value, now);
    node.gain.linearRampToValueAtTime(level, now + RAMP_SECONDS);
  }

  /** Schedules what is due soon, and looks whether the end is reached. */
  #pump(turn) {
    if (turn !== this.generation) return;
    const at = this.frame;
    if (at >= (this.until ?? this.frames)) {
      this.resting = this.until ?? 0;
      this.#stop();
      return;
    }
    const last = Math.min(Math.floor(at / this.span) + AHEAD, this.tracks[0].index.audio.sizes.length - 1);
    for (const track of this.tracks) {
      for (let number = this.next.get(track.id); number <= last; number += 1) {
        this.next.set(track.id, number + 1);
        const ready = this.blocks.ready(track, number);
        if (ready) this.#schedule(track, number, ready);
        else {
          this.blocks.get(track, number).then(
            (block) => turn === this.generation && this.#schedule(track, number, block),
            (error) => track.id === this.heard && this.#fail(error, turn),
          );
        }
      }
    }
  }

  /** Hands a block over for the samples of it that can still be heard in time. */
  #schedule(track, number, block) {
    const begins = number * this.span;
    const soon = this.origin.frame + Math.ceil((this.context.currentTime + LEAD_SECONDS / 3 - this.origin.time) * RATE);
    const from = Math.max(begins, this.origin.frame, soon);
    const offset = from - begins;
    if (offset >= block.length) return;
    const source = new AudioBufferSourceNode(this.context, { buffer: block });
    source.connect(this.gains.get(track.id));
    source.start(this.origin.time + (from - this.origin.frame) / RATE, offset / RATE);
    source.addEventListener("ended", () => this.sources.delete(source));
    this.sources.add(source);
  }

  #silence() {
    clearInterval(this.pumping);
    for (const source of this.sources) source.stop();
    this.sources.clear();
  }

  #stop() {
    this.generation += 1;
    this.playing = false;
    this.#silence();
    this.dispatchEvent(new Event("state"));
  }

  #fail(error, turn) {
    if (turn !== this.generation) return;
    this.#stop();
    this.dispatchEvent(new CustomEvent("trouble", { detail: error.message }));
  }
}
