// Colors of the page's style sheet for canvases, and the colors of levels in spectrograms.

const probe = document.createElement("span");
probe.hidden = true;
document.body.append(probe);
let read = new Map();

document.addEventListener("theme", () => { read = new Map(); });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { read = new Map(); });

/** The color of a token such as `ink`, as the theme has it now. */
export function color(name) {
  if (!read.has(name)) {
    probe.style.color = `var(--${name})`;
    read.set(name, getComputedStyle(probe).color);
  }
  return read.get(name);
}

/** What tells a class of sounds from others beside its color. */
export const SHORT = {
  speech: "SP", singing: "SI", laughter: "LA", crying: "CR", shout: "SH", breath: "BR", cough: "CO", exertion: "EX", crowd: "CW",
};

/** Shape of a disposition, as on the timeline: what stays is outlined, what goes to OPT hatched, what leaves filled. */
export const MARK = { keep: "▢", optional: "▨", remove: "▩" };
export const WORDS = { keep: "keep", optional: "to OPT", remove: "remove" };

// Black through violet and orange to a light yellow, even to the eye: eight anchors of matplotlib's magma (CC0).
const ANCHORS = [
  [0, 0, 4], [28, 16, 68], [79, 18, 123], [129, 37, 129], [181, 54, 122], [229, 80, 100], [251, 135, 97], [254, 194, 135], [252, 253, 191],
];

/** Red, green, blue for every level 0 to 255, as 32-bit words of an ImageData. */
export const LEVELS = new Uint32Array(256).map((_, level) => {
  const place = (level / 255) * (ANCHORS.length - 1);
  const low = Math.min(Math.floor(place), ANCHORS.length - 2);
  const [r, g, b] = [0, 1, 2].map((part) => Math.round(ANCHORS[low][part] + (place - low) * (ANCHORS[low + 1][part] - ANCHORS[low][part])));
  return (255 << 24) | (b << 16) | (g << 8) | r;
});

/** Orange where the first is louder, blue where the second is, dark where they are equal; 128 is no difference. */
export const DIFFERENCES = new Uint32Array(256).map((_, level) => {
  const by = Math.max(-1, Math.min(1, (level - 128) / 100));
  const [r, g, b] = by > 0 ? [255, 166, 66] : [92, 168, 255];
  const shine = 0.1 + 0.9 * Math.abs(by);
  return (255 << 24) | (Math.round(b * shine) << 16) | (Math.round(g * shine) << 8) | Math.round(r * shine);
});
