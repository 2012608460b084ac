// The film from left to right: pictures, events, tracks, loudness; one canvas for what is drawn, one for the playhead.

import { size } from "./canvas.js";
import { color, SHORT } from "./colors.js";
import { drawTrackSpectrum, drawWave } from "./drawings.js";
import { drawThumbnails } from "./thumbnails.js";
import { drawLoudness } from "./loudness.js";
import { RULER, drawRuler } from "./ruler.js";

const PICTURES = 50;
const ROW = 20;
const TRACK = 44;
// A voice that is left is found by its harmonics: they need room.
const SPECTRUM = 72;
const LOUDNESS = 80;
const GAP = 4;
const NEAREST = 0.0005; // seconds per pixel: a hundred cycles of 1 kHz across a screen
const MOVED = 4;

/**
 * Draws `view` (what the desk tells of a title) as `state` says. `state` has `start` and `scale` (seconds, seconds per
 * pixel), `head` (seconds), `heard` (a track's id), `selected` (an event's id), `spectrum`, `drawing` ([from, to] or
 * null), `events` (with what is asked of them). Calls `on.seek(seconds)`, `on.select(event)`, `on.drawn([from, to])`.
 */
export class Timeline {
  constructor(root, view, state, on) {
    this.view = view;
    this.state = state;
    this.on = on;
    this.canvas = root.querySelector("#lanes-canvas");
    this.overlay = root.querySelector("#head-canvas");
    this.mini = root.querySelector("#minimap");
    this.heads = root.querySelector("#lane-heads");
    this.stage = root.querySelector("#stage");
    this.lanes = this.#lay();
    this.#grow();
    new ResizeObserver(() => this.#resize()).observe(this.stage);
    this.#listen();
    for (const source of [document, matchMedia("(prefers-color-scheme: dark)")]) {
      source.addEventListener(source === document ? "theme" : "change", () => this.draw());
    }
  }

  get width() { return this.stage.clientWidth; }
  get end() { return this.state.start + this.width * this.state.scale; }
  /** The scale at which the whole film is seen. */
  get widest() { return this.view.seconds / Math.max(this.width, 1); }

  at(seconds) { return (seconds - this.state.start) / this.state.scale; }
  seconds(x) { return this.state.start + x * this.state.scale; }

  /** Zooms by `factor` (under 1: nearer) around `seconds`. */
  zoom(factor, seconds = this.state.head) {
    const scale = Math.min(Math.max(this.state.scale * factor, NEAREST), this.widest);
    const place = this.at(seconds);
    const inside = place >= 0 && place <= this.width ? place : this.width / 2;
    this.state.scale = scale;
    this.#move(seconds - inside * scale);
  }

  fit() {
    this.state.scale = this.widest;
    this.#move(0);
  }

  /** Shows a stretch with some of what is around it. */
  show(from, to) {
    const room = Math.max((to - from) * 2.5, 4);
    this.state.scale = Math.min(Math.max(room / this.width, NEAREST), this.widest);
    this.#move((from + to) / 2 - (this.width * this.state.scale) / 2);
  }

  pan(seconds) { this.#move(this.state.start + seconds); }

  /** Keeps the playhead in sight. */
  follow() {
    const x = this.at(this.state.head);
    if (x < 0 || x > this.width * 0.92) this.#move(this.state.head - this.width * this.state.scale * 0.08);
    this.drawHead();
  }

  /** Asks for a drawing before the next frame. */
  draw() {
    if (this.asked) return;
    this.asked = requestAnimationFrame(() => {
      this.asked = 0;
      this.#draw();
      this.#drawMini();
      this.drawHead();
    });
  }

  /** The playhead alone: forty times a second while it plays. */
  drawHead() {
    const pen = this.overlay.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    const x = Math.round(this.at(this.state.head));
    pen.fillStyle = color("bad");
    if (x >= -1 && x <= this.width + 1) {
      pen.fillRect(x, 0, 1.5, this.height);
      pen.beginPath();
      pen.moveTo(x - 5, 0);
      pen.lineTo(x + 6.5, 0);
      pen.lineTo(x + 0.75, 8);
      pen.fill();
    }
    const mini = this.mini.parentElement.querySelector("#mini-head");
    mini.style.transform = `translateX(${(this.state.head / this.view.seconds) * this.mini.clientWidth}px)`;
  }

  #move(start) {
    const most = Math.max(0, this.view.seconds - this.width * this.state.scale);
    this.state.start = Math.min(Math.max(start, 0), most);
    this.draw();
  }

  #lay() {
    const rows = this.#rows();
    const lanes = [{ kind: "ruler", height: RULER, name: "" }];
    if (this.view.thumbnails) lanes.push({ kind: "pictures", height: PICTURES, name: "Picture" });
    lanes.push({ kind: "events", height: Math.max(rows, 1) * ROW + 4, name: "Events" });
    this.view.tracks.forEach((track) => lanes.push({ kind: "track", height: this.state.spectrum ? SPECTRUM : TRACK, name: track.name, track }));
    if (this.view.tracks.length) lanes.push({ kind: "loudness", height: LOUDNESS, name: "Loudness, LUFS" });
    let y = 0;
    for (const lane of lanes) {
      lane.y = y;
      y += lane.height + GAP;
    }
    this.height = y;
    return lanes;
  }

  /** Gives every event a row in which nothing else sounds; how many there are. */
  #rows() {
    const ends = [];
    for (const event of [...this.state.events].sort((a, b) => a.start_seconds - b.start_seconds)) {
      let row = ends.findIndex((end) => end <= event.start_seconds);
      if (row < 0) row = ends.length < 3 ? ends.length : 2;
      ends[row] = Math.max(ends[row] ?? 0, event.end_seconds);
      event.row = row;
    }
    return ends.length;
  }

  /** After events came or went, or tracks are drawn in another way. */
  relay() {
    this.lanes = this.#lay();
    this.#grow();
    this.#resize();
    this.on.laid(this.lanes);
  }

  #grow() {
    this.stage.style.height = `${this.height}px`;
    this.heads.style.height = `${this.height}px`;
  }

  #resize() {
    if (!this.width) return;
    const before = this.sized;
    this.sized = this.width;
    for (const [canvas, width, height] of [
      [this.canvas, this.width, this.height],
      [this.overlay, this.width, this.height],
      [this.mini, this.mini.clientWidth, this.mini.clientHeight],
    ]) size(canvas, width, height);
    if (!before) this.fit();
    this.state.scale = Math.min(this.state.scale, this.widest);
    this.#move(this.state.start);
  }

  #draw() {
    const pen = this.canvas.getContext("2d");
    pen.clearRect(0, 0, this.width, this.height);
    pen.font = "11px system-ui, sans-serif";
    for (const lane of this.lanes) {
      const box = { x: 0, y: lane.y, width: this.width, height: lane.height };
      if (lane.kind !== "ruler") {
        // Black is silence: what is on its way is not.
        pen.fillStyle = color(lane.kind === "track" && this.state.spectrum ? "line" : "sunk");
        pen.fillRect(0, lane.y, this.width, lane.height);
      }
      if (lane.kind === "ruler") drawRuler(pen, box, this.state.start, this.state.scale);
      else if (lane.kind === "pictures") drawThumbnails(pen, this.view.thumbnails, box, this.state.start, this.state.scale, () => this.draw());
      else if (lane.kind === "events") this.#drawEvents(pen, box);
      else if (lane.kind === "track") this.#drawTrack(pen, lane.track, box);
      else drawLoudness(pen, this.state.loudness, box, this.state.start, this.state.scale);
    }
    this.#drawSelection(pen);
  }

  #drawTrack(pen, track, box) {
    const more = () => this.draw();
    if (this.state.spectrum) drawTrackSpectrum(pen, track, box, this.state.start, this.state.scale, more);
    else drawWave(pen, track, box, this.state.start, this.state.scale, color(track.id === this.state.heard ? "accent" : "line-strong"), more);
  }

  #drawEvents(pen, box) {
    for (const event of this.state.events) {
      const left = this.at(event.start_seconds);
      const right = this.at(event.end_seconds);
      if (right < 0 || left > this.width) continue;
      this.#drawEvent(pen, event, Math.max(left, -4), box.y + 2 + event.row * ROW, Math.max(right - left, 4), ROW - 3);
    }
  }

  #drawEvent(pen, event, x, y, width, height) {
    const ink = color(`class-${event.label}`);
    pen.save();
    pen.beginPath();
    pen.roundRect(x, y, width, height, 3);
    pen.clip();
    pen.fillStyle = color("sheet");
    pen.fillRect(x, y, width, height);
    pen.globalAlpha = event.gone ? 0.25 : 1;
    if (event.disposition === "remove") {
      pen.fillStyle = ink;
      pen.fillRect(x, y, width, height);
    } else if (event.disposition === "optional") {
      pen.strokeStyle = ink;
      pen.lineWidth = 2;
      pen.beginPath();
      for (let at = x - height - ((x - height) % 7); at < x + width; at += 7) {
        pen.moveTo(at, y + height);
        pen.lineTo(at + height, y);
      }
      pen.stroke();
    }
    pen.restore();
    pen.globalAlpha = 1;
    pen.strokeStyle = event.id === this.state.selected ? color("ink") : ink;
    pen.lineWidth = event.id === this.state.selected ? 2.5 : 1.25;
    pen.setLineDash(event.asked ? [4, 3] : []);
    pen.beginPath();
    pen.roundRect(x + 0.5, y + 0.5, width - 1, height - 1, 3);
    pen.stroke();
    pen.setLineDash([]);
    const words = `${event.asked ? "✎ " : ""}${width > 74 ? event.label : SHORT[event.label]}`;
    const room = pen.measureText(words).width + 8;
    if (width >= room) {
      // On a plate of its own: letters on hatching are not read.
      pen.fillStyle = color("sheet");
      pen.beginPath();
      pen.roundRect(x + 3, y + 2.5, room - 2, height - 5, 2);
      pen.fill();
      pen.fillStyle = color("ink");
      pen.textBaseline = "middle";
      pen.fillText(words, x + 6, y + height / 2 + 0.5);
    }
    if (event.gone) {
      pen.strokeStyle = color("ink");
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.moveTo(x, y + height / 2);
      pen.lineTo(x + width, y + height / 2);
      pen.stroke();
    }
  }

  #drawSelection(pen) {
    const event = this.state.events.find((one) => one.id === this.state.selected);
    const spans = [];
    if (event) spans.push([event.start_seconds, event.end_seconds, "ink"]);
    if (this.state.drawing?.[1] !== undefined) spans.push([Math.min(...this.state.drawing), Math.max(...this.state.drawing), "accent"]);
    for (const [from, to, ink] of spans) {
      const left = this.at(from);
      const right = this.at(to);
      pen.fillStyle = color(ink);
      pen.globalAlpha = 0.1;
      pen.fillRect(left, RULER, right - left, this.height - RULER);
      pen.globalAlpha = 0.7;
      pen.fillRect(left, RULER, 1, this.height - RULER);
      pen.fillRect(right - 1, RULER, 1, this.height - RULER);
      pen.globalAlpha = 1;
    }
  }

  #drawMini() {
    const pen = this.mini.getContext("2d");
    const [width, height] = [this.mini.clientWidth, this.mini.clientHeight];
    pen.clearRect(0, 0, width, height);
    pen.fillStyle = color("sunk");
    pen.fillRect(0, 0, width, height);
    const whole = this.view.seconds / width;
    const track = this.view.tracks.find((one) => one.id === this.state.heard);
    if (track) drawWave(pen, track, { x: 0, y: 0, width, height: height - 7 }, 0, whole, color("line-strong"), () => this.draw());
    for (const event of this.state.events) {
      pen.fillStyle = color(`class-${event.label}`);
      pen.fillRect(event.start_seconds / whole, height - 6, Math.max((event.end_seconds - event.start_seconds) / whole, 2), 5);
    }
    const [left, right] = [this.state.start / whole, Math.min(this.end, this.view.seconds) / whole];
    pen.fillStyle = color("ground");
    pen.globalAlpha = 0.6;
    pen.fillRect(0, 0, left, height);
    pen.fillRect(right, 0, width - right, height);
    pen.globalAlpha = 1;
    pen.strokeStyle = color("accent");
    pen.lineWidth = 2;
    pen.strokeRect(left + 1, 1, Math.max(right - left - 2, 2), height - 2);
  }

  #listen() {
    const touching = new Map();
    let pinch = 0;
    let began = null;
    const place = (event) => event.clientX - this.stage.getBoundingClientRect().left;
    this.stage.addEventListener("wheel", (event) => {
      event.preventDefault();
      const sideways = Math.abs(event.deltaX) > Math.abs(event.deltaY) || event.shiftKey;
      const by = event.deltaX || event.deltaY;
      if (sideways) this.pan(by * this.state.scale);
      else this.zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * (event.ctrlKey ? 0.01 : 0.003)), this.seconds(place(event)));
    }, { passive: false });
    this.stage.addEventListener("pointerdown", (event) => {
      if (event.button > 0) return;
      touching.set(event.pointerId, place(event));
      this.stage.setPointerCapture(event.pointerId);
      began = { x: place(event), y: event.clientY - this.stage.getBoundingClientRect().top, start: this.state.start, moved: false };
      if (this.state.drawing) this.state.drawing = [this.seconds(place(event)), undefined];
    });
    this.stage.addEventListener("pointermove", (event) => {
      if (!touching.has(event.pointerId)) return;
      touching.set(event.pointerId, place(event));
      if (touching.size === 2) {
        const [one, other] = [...touching.values()];
        const apart = Math.max(Math.abs(one - other), 10);
        if (pinch) this.zoom(pinch / apart, this.seconds((one + other) / 2));
        pinch = apart;
        if (began) began.moved = true;
        return;
      }
      if (!began) return;
      if (Math.abs(place(event) - began.x) > MOVED) began.moved = true;
      if (!began.moved) return;
      if (this.state.drawing) {
        this.state.drawing[1] = Math.min(Math.max(this.seconds(place(event)), 0), this.view.seconds);
        this.draw();
      } else this.#move(began.start - (place(event) - began.x) * this.state.scale);
    });
    const ended = (event) => {
      touching.delete(event.pointerId);
      pinch = 0;
      if (touching.size || !began) return;
      const was = began;
      began = null;
      if (event.type === "pointercancel") return;
      if (this.state.drawing) {
        const [from, to] = this.state.drawing;
        if (was.moved && to !== undefined && Math.abs(to - from) > 0.01) this.on.drawn([Math.min(from, to), Math.max(from, to)]);
        else this.state.drawing = [];
        return;
      }
      if (was.moved) return;
      const found = this.#eventAt(was.x, was.y);
      if (found) this.on.select(found);
      else this.on.seek(this.seconds(was.x));
    };
    this.stage.addEventListener("pointerup", ended);
    this.stage.addEventListener("pointercancel", ended);
    this.stage.addEventListener("dblclick", (event) => {
      const found = this.#eventAt(place(event), event.clientY - this.stage.getBoundingClientRect().top);
      if (found) this.show(found.start_seconds, found.end_seconds);
    });
    const jump = (event) => {
      const share = (event.clientX - this.mini.getBoundingClientRect().left) / this.mini.clientWidth;
      const seconds = Math.min(Math.max(share, 0), 1) * this.view.seconds;
      this.#move(seconds - (this.width * this.state.scale) / 2);
      return seconds;
    };
    this.mini.addEventListener("pointerdown", (event) => {
      this.mini.setPointerCapture(event.pointerId);
      this.on.seek(jump(event));
    });
    this.mini.addEventListener("pointermove", (event) => { if (event.buttons) jump(event); });
  }

  #eventAt(x, y) {
    const lane = this.lanes.find((one) => one.kind === "events");
    if (y < lane.y || y > lane.y + lane.height) return undefined;
    const row = Math.floor((y - lane.y - 2) / ROW);
    const at = this.seconds(x);
    const near = 3 * this.state.scale;
    return this.state.events.find((event) => event.row === row && at >= event.start_seconds - near && at <= event.end_seconds + near);
  }
}
