// Pieces of a track's file of tiles, fetched by range and kept as long as there is room.

/** Keeps the `limit` things asked for last; what falls out is made again when asked for again. */
export class Recent {
  constructor(limit) {
    this.limit = limit;
    this.held = new Map();
  }

  get(key) {
    const found = this.held.get(key);
    if (found !== undefined) {
      this.held.delete(key);
      this.held.set(key, found);
    }
    return found;
  }

  set(key, value) {
    this.held.set(key, value);
    while (this.held.size > this.limit) this.held.delete(this.held.keys().next().value);
    return value;
  }

  delete(key) {
    this.held.delete(key);
  }
}

/** `size` bytes from `at` of the file at `url`. */
export async function bytes(url, at, size) {
  const answer = await fetch(url, { headers: { Range: `bytes=${at}-${at + size - 1}` } });
  if (answer.status === 410) throw new Error("This page has been open too long: load it again.");
  if (!answer.ok) throw new Error(`The desk answered ${answer.status}.`);
  return answer.arrayBuffer();
}

/** Where each piece of a section begins, and after the last one where it ends. */
export function starts(section) {
  if (!section.starts) {
    let at = section.at;
    section.starts = [at, ...section.sizes.map((size) => (at += size))];
  }
  return section.starts;
}

/** Piece `number` of a section of the file at `url`. */
export function piece(url, section, number) {
  return bytes(url, starts(section)[number], section.sizes[number]);
}
