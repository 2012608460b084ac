// Tiles of a track as pictures and waveforms: fetched once, drawn at any zoom, coarser ones until the finer are there.

import { RATE } from "./blocks.js";
import { Recent, bytes, piece } from "./pieces.js";
import { LEVELS } from "./colors.js";

const PAIRS = 8192;

const peaks = new Recent(600);
const shades = new Recent(700);
const pictures = new Recent(700);

/** The finest level whose columns or pairs are at least about as long as a pixel. */
function levelFor(levels, secondsPerPixel) {
  let best = 0;
  levels.forEach((level, number) => { if (level.hop / RATE <= secondsPerPixel * 1.4) best = number; });
  return best;
}

/** A stretch of a waveform's pairs as an Int8Array, or undefined until `done` is called. */
function pairs(track, number, chunk, done) {
  const key = `${track.id} ${number} ${chunk}`;
  const found = peaks.get(key);
  if (found) return found instanceof Int8Array ? found : undefined;
  const level = track.index.peaks[number];
  const count = Math.min(PAIRS, level.count - chunk * PAIRS);
  peaks.set(key, "asked");
  bytes(track.url, level.at + chunk * PAIRS * 2, count * 2).then(
    (buffer) => { peaks.set(key, new Int8Array(buffer)); done(); },
    () => peaks.delete(key),
  );
  return undefined;
}

// A quiet sound is seen beside a loud one: heights go with this power of the level.
const BEND = 0.6;
const HEIGHTS = Float32Array.from({ length: 128 }, (_, level) => (level / 127) ** BEND);
const height = (level) => Math.sign(level) * HEIGHTS[Math.abs(level)];

/** Draws the waveform of `track` from `start` seconds on into a box; `done` is called when more can be drawn. */
export function drawWave(canvas, track, box, start, secondsPerPixel, ink, done) {
  const number = levelFor(track.index.peaks, secondsPerPixel);
  const level = track.index.peaks[number];
  const perPixel = (secondsPerPixel * RATE) / level.hop;
  const middle = box.y + box.height / 2;
  const half = box.height / 2 - 1;
  canvas.fillStyle = ink;
  canvas.beginPath();
  for (let x = 0; x < box.width; x += 1) {
    const first = Math.floor((start * RATE) / level.hop + x * perPixel);
    const last = Math.max(first, Math.floor((start * RATE) / level.hop + (x + 1) * perPixel) - 1);
    if (first < 0 || first >= level.count) continue;
    let low = 127;
    let high = -127;
    for (let at = first; at <= Math.min(last, level.count - 1); at += 1) {
      const held = pairs(track, number, Math.floor(at / PAIRS), done);
      if (!held) continue;
      const place = (at % PAIRS) * 2;
      if (held[place] < low) low = held[place];
      if (held[place + 1] > high) high = held[place + 1];
    }
    if (high < low) continue;
    const top = height(high) * half;
    canvas.rect(box.x + x, middle - top, 1, Math.max(1, top - height(low) * half));
  }
  canvas.fill();
}

/** Levels of a spectrogram tile, one byte a pixel, or undefined until `done` is called. */
export function shadesOf(track, number, tile, done) {
  const key = `${track.id} ${number} ${tile}`;
  const found = shades.get(key);
  if (found) return found.levels ? found : undefined;
  shades.set(key, {});
  piece(track.url, track.index.spectrogram.levels[number], tile)
    .then((file) => createImageBitmap(new Blob([file], { type: "image/png" }), { colorSpaceConversion: "none" }))
    .then((image) => {
      const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d", { willReadFrequently: true });
      canvas.drawImage(image, 0, 0);
      const words = new Uint32Array(canvas.getImageData(0, 0, image.width, image.height).data.buffer);
      shades.set(key, { width: image.width, height: image.height, levels: Uint8Array.from(words, (word) => word & 255) });
      done();
    })
    .catch(() => shades.delete(key));
  return undefined;
}

/** A tile painted with a table of colors, as something to draw. */
export function painted(key, tile, levels, table) {
  const held = pictures.get(key);
  if (held) return held;
  const canvas = new OffscreenCanvas(tile.width, tile.height);
  const image = new ImageData(tile.width, tile.height);
  new Uint32Array(image.data.buffer).set(Uint32Array.from(levels, (level) => table[level]));
  canvas.getContext("2d").putImageData(image, 0, 0);
  return pictures.set(key, canvas);
}

function paintedTile(track, number, tile, done) {
  const found = shadesOf(track, number, tile, done);
  return found && painted(`${track.id} ${number} ${tile}`, found, found.levels, LEVELS);
}

/**
 * Draws the spectrogram from `start` seconds on into a box. `pictureOf(level, tile)` gives a tile to draw, or undefined
 * while it is on its way; a coarser one stands in for it.
 */
export function drawSpectrum(canvas, drawn, box, start, secondsPerPixel, pictureOf) {
  const wanted = levelFor(drawn.levels, secondsPerPixel);
  const span = (number) => (drawn.levels[number].hop * drawn.width) / RATE;
  canvas.save();
  canvas.beginPath();
  canvas.rect(box.x, box.y, box.width, box.height);
  canvas.clip();
  const end = start + box.width * secondsPerPixel;
  for (let tile = Math.max(0, Math.floor(start / span(wanted))); tile * span(wanted) < end; tile += 1) {
    if (tile >= drawn.levels[wanted].sizes.length) break;
    for (let number = wanted; number < drawn.levels.length; number += 1) {
      const at = tile >> (number - wanted);
      const picture = pictureOf(number, at);
      if (!picture) continue;
      const left = box.x + (at * span(number) - start) / secondsPerPixel;
      const column = drawn.levels[number].hop / RATE / secondsPerPixel;
      const from = Math.max(left, box.x + (tile * span(wanted) - start) / secondsPerPixel);
      const to = Math.min(left + picture.width * column, box.x + ((tile + 1) * span(wanted) - start) / secondsPerPixel);
      if (to > from) {
        canvas.drawImage(picture, (from - left) / column, 0, (to - from) / column, picture.height, from, box.y, to - from, box.height);
      }
      break;
    }
  }
  canvas.restore();
}

/** The spectrogram of one track. */
export function drawTrackSpectrum(canvas, track, box, start, secondsPerPixel, done) {
  drawSpectrum(canvas, track.index.spectrogram, box, start, secondsPerPixel, (number, tile) => paintedTile(track, number, tile, done));
}
