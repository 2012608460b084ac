// The loudness of the track that is heard, between the limits of what it is delivered for.

import { color } from "./colors.js";

const HIGHEST = -8;
const LOWEST = -42;
const GRID = [-10, -20, -30, -40];

/** Draws `loudness`: `{curve: {step, short_term_lufs, momentary_lufs}, limits: [{name, low, high, target, short_term}]}`. */
export function drawLoudness(pen, loudness, box, start, scale) {
  if (!loudness) return; // on its way
  const y = (lufs) => box.y + ((HIGHEST - Math.min(Math.max(lufs, LOWEST), HIGHEST)) / (HIGHEST - LOWEST)) * box.height;
  loudness.limits.forEach((limit, number) => {
    if (limit.target === null) return;
    pen.fillStyle = color(number ? "violet" : "good");
    pen.globalAlpha = 0.16;
    pen.fillRect(box.x, y(limit.high), box.width, y(limit.low) - y(limit.high));
    pen.globalAlpha = 0.9;
    pen.fillRect(box.x, y(limit.target), box.width, 1);
    pen.globalAlpha = 1;
  });
  for (const limit of loudness.limits) {
    if (limit.short_term === null) continue;
    pen.fillStyle = color("bad");
    pen.fillRect(box.x, y(limit.short_term), box.width, 1);
  }
  for (const level of GRID) {
    pen.fillStyle = color("line");
    pen.fillRect(box.x, y(level), box.width, 1);
    label(pen, `${level}`, box.x + box.width - 8, y(level), "ink-soft", "right");
  }
  const { curve } = loudness;
  if (!curve) {
    pen.fillStyle = color("ink-soft");
    pen.textBaseline = "middle";
    pen.fillText("This track is not measured: the M&E and the mixes are.", box.x + 8, box.y + box.height / 2);
    return;
  }
  line(pen, curve.momentary_lufs, curve.step, box, start, scale, y, color("line-strong"), 1);
  line(pen, curve.short_term_lufs, curve.step, box, start, scale, y, color("ink"), 1.75);
  pen.textBaseline = "middle";
  loudness.limits.forEach((limit, number) => {
    if (limit.target === null) return;
    const words = `${limit.name}: ${limit.target} LUFS${limit.gate === "dialogue" ? " (dialogue)" : ""}`;
    label(pen, words, box.x + 8, box.y + 12 + number * 16, number ? "violet" : "good");
  });
}

/** Words on a plate, so that they are read over whatever is drawn; `x` is where they begin or, aligned right, end. */
function label(pen, words, x, y, ink, align = "left") {
  const room = pen.measureText(words).width;
  const left = align === "left" ? x : x - room;
  pen.fillStyle = color("sheet");
  pen.globalAlpha = 0.85;
  pen.fillRect(left - 4, y - 8, room + 8, 15);
  pen.globalAlpha = 1;
  pen.fillStyle = color(ink);
  pen.textBaseline = "middle";
  pen.fillText(words, left, y);
}

function line(pen, values, step, box, start, scale, y, ink, width) {
  pen.strokeStyle = ink;
  pen.lineWidth = width;
  pen.lineJoin = "round";
  pen.beginPath();
  let down = false;
  const per = Math.max(1, scale / step);
  for (let x = 0; x <= box.width; x += Math.max(1, step / scale)) {
    // A value stands where its window ends.
    const first = Math.floor((start + x * scale) / step) - 1;
    let highest = null;
    for (let at = Math.max(first, 0); at < Math.min(first + per, values.length); at += 1) {
      if (values[at] !== null && (highest === null || values[at] > highest)) highest = values[at];
    }
    if (highest === null) { down = false; continue; }
    if (down) pen.lineTo(box.x + x, y(highest / 10));
    else pen.moveTo(box.x + x, y(highest / 10));
    down = true;
  }
  pen.stroke();
}
