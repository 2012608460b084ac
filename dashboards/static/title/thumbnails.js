// The film's small pictures, from sheets that are fetched as they come into sight.

import { Recent, piece } from "./pieces.js";

const sheets = new Recent(24);

function sheet(thumbnails, number, done) {
  const found = sheets.get(number);
  if (found) return found.width ? found : undefined;
  sheets.set(number, {});
  piece(thumbnails.url, thumbnails.index, number)
    .then((file) => createImageBitmap(new Blob([file], { type: "image/jpeg" })))
    .then((picture) => { sheets.set(number, picture); done(); }, () => sheets.delete(number));
  return undefined;
}

/** Draws as many pictures side by side as there is room for, each at its time. */
export function drawThumbnails(pen, thumbnails, box, start, scale, done) {
  const { step, count, width, height, columns, rows } = thumbnails.index;
  const shown = Math.round((box.height * width) / height);
  // On a grid of the film, not of the window: pictures stay where they are while the window moves.
  const apart = Math.max(step, shown * scale);
  pen.save();
  pen.beginPath();
  pen.rect(box.x, box.y, box.width, box.height);
  pen.clip();
  for (let slot = Math.floor(start / apart); slot * apart < start + box.width * scale; slot += 1) {
    const number = Math.min(Math.floor((slot * apart) / step), count - 1);
    const page = sheet(thumbnails, Math.floor(number / (columns * rows)), done);
    if (!page || slot < 0) continue;
    const place = number % (columns * rows);
    const x = box.x + (slot * apart - start) / scale;
    const room = Math.min(shown, apart / scale);
    pen.drawImage(page, (place % columns) * width, Math.floor(place / columns) * height, (width * room) / shown, height, x, box.y, room, box.height);
  }
  pen.restore();
}
