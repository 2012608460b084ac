// Times along the top, as many as there is room for.

import { color } from "./colors.js";
import { tick } from "./timecode.js";

export const RULER = 22;
const STEPS = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600];
const APART = 76;

/** Draws the times from `start` seconds on into a box of the height `RULER`, `scale` seconds to a pixel. */
export function drawRuler(pen, box, start, scale) {
  const step = STEPS.find((one) => one / scale >= APART) ?? STEPS.at(-1);
  pen.fillStyle = color("ink-soft");
  pen.strokeStyle = color("line-strong");
  pen.lineWidth = 1;
  pen.textBaseline = "middle";
  pen.beginPath();
  for (let number = Math.floor(start / step); number * step <= start + box.width * scale; number += 1) {
    const x = Math.round((number * step - start) / scale) + 0.5;
    pen.moveTo(box.x + x, box.y + box.height - 6);
    pen.lineTo(box.x + x, box.y + box.height);
    pen.fillText(tick(number * step, step), box.x + x + 3, box.y + 9);
  }
  pen.stroke();
}
