// Two mixes of one language: both spectrograms, their difference, and A/B at one playhead.

import { RATE } from "./blocks.js";
import { size } from "./canvas.js";
import { showPlaying } from "./clock.js";
import { Player } from "./player.js";
import { DIFFERENCES, color } from "./colors.js";
import { drawSpectrum, drawTrackSpectrum, painted, shadesOf } from "./drawings.js";
import { RULER, drawRuler } from "./ruler.js";
import { clock } from "./timecode.js";
import { listenToKeys } from "./keys.js";

const LANE = 150;
const GAP = 6;
// Shades of the difference for one shade of level: full color at 8 dB.
const STRETCH = 3.5;

const root = document.getElementById("compare-page");

async function begin() {
  const view = await desk.ask("GET", `/api/compare/${root.dataset.a}/${root.dataset.b}`);
  const [first, second] = view.tracks;
  const player = new Player(view.tracks);
  const stage = root.querySelector("#stage");
  const [canvas, overlay] = stage.querySelectorAll("canvas");
  const top = (number) => RULER + GAP + number * (LANE + GAP);
  const height = top(3);
  const state = { start: 0, scale: 1, head: 0 };
  stage.style.height = `${height}px`;

  root.querySelector("#lane-heads").replaceChildren(...[first, second, null].map((track, number) => {
    const head = document.createElement("div");
    head.className = "lane-head";
    head.style.top = `${top(number)}px`;
    head.style.height = `${LANE}px`;
    if (!track) {
      head.textContent = "Difference";
      return head;
    }
    const button = document.createElement("button");
    button.type = "button";
    button.dataset.track = track.id;
    button.textContent = track.name;
    button.addEventListener("click", () => player.hear(track.id));
    head.append(button);
    return head;
  }));

  function differenceTile(level, tile) {
    const one = shadesOf(first, level, tile, draw);
    const other = shadesOf(second, level, tile, draw);
    if (!one || !other) return undefined;
    const levels = one.levels.map((shade, place) => Math.min(255, Math.max(0, 128 + STRETCH * (shade - (other.levels[place] ?? 0)))));
    return painted(`difference ${level} ${tile}`, one, levels, DIFFERENCES);
  }

  let asked = 0;
  function draw() {
    asked ||= requestAnimationFrame(() => {
      asked = 0;
      const pen = canvas.getContext("2d");
      pen.clearRect(0, 0, stage.clientWidth, height);
      pen.font = "11px system-ui, sans-serif";
      drawRuler(pen, { x: 0, y: 0, width: stage.clientWidth, height: RULER }, state.start, state.scale);
      const box = (number) => ({ x: 0, y: top(number), width: stage.clientWidth, height: LANE });
      drawTrackSpectrum(pen, first, box(0), state.start, state.scale, draw);
      drawTrackSpectrum(pen, second, box(1), state.start, state.scale, draw);
      drawSpectrum(pen, first.index.spectrogram, box(2), state.start, state.scale, differenceTile);
      drawHead();
    });
  }

  function drawHead() {
    const pen = overlay.getContext("2d");
    pen.clearRect(0, 0, stage.clientWidth, height);
    pen.fillStyle = color("bad");
    pen.fillRect((state.head - state.start) / state.scale, 0, 1.5, height);
    root.querySelector("#time").textContent = clock(state.head);
  }

  function move(start, scale = state.scale) {
    const widest = view.seconds / stage.clientWidth;
    state.scale = Math.min(Math.max(scale, 0.0005), widest);
    state.start = Math.min(Math.max(start, 0), Math.max(0, view.seconds - stage.clientWidth * state.scale));
    draw();
  }
  const zoom = (factor, seconds = state.head) => {
    const place = Math.min(Math.max((seconds - state.start) / state.scale, 0), stage.clientWidth);
    move(seconds - place * Math.min(state.scale * factor, view.seconds / stage.clientWidth), state.scale * factor);
  };
  const seek = (seconds) => {
    state.head = Math.min(Math.max(seconds, 0), view.seconds);
    player.seek(state.head * RATE).catch((error) => desk.say(error.message, "bad"));
    if (state.head < state.start || state.head > state.start + stage.clientWidth * state.scale) move(state.head - stage.clientWidth * state.scale * 0.1);
    drawHead();
  };

  new ResizeObserver(() => {
    for (const one of [canvas, overlay]) size(one, stage.clientWidth, height);
    move(state.start, root.dataset.ready ? state.scale : Infinity);
    root.dataset.ready = "yes";
  }).observe(stage);
  stage.addEventListener("wheel", (event) => {
    event.preventDefault();
    const seconds = state.start + (event.clientX - stage.getBoundingClientRect().left) * state.scale;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) move(state.start + (event.deltaX || event.deltaY) * state.scale);
    else zoom(Math.exp(Math.max(-120, Math.min(120, event.deltaY)) * 0.003), seconds);
  }, { passive: false });
  stage.addEventListener("click", (event) => seek(state.start + (event.clientX - stage.getBoundingClientRect().left) * state.scale));

  const show = () => {
    showPlaying(root.querySelector("#play"), player.playing);
    root.querySelector("#heard").textContent = `${player.heard} is heard`;
    for (const button of root.querySelectorAll("[data-track]")) button.setAttribute("aria-pressed", String(button.dataset.track === player.heard));
  };
  player.addEventListener("state", show);
  player.addEventListener("track", show);
  player.addEventListener("trouble", (event) => desk.say(event.detail, "bad"));
  document.addEventListener("theme", draw);

  const act = {
    play: () => (player.playing ? player.pause() : player.play()),
    swap: () => player.swap(),
    back: (by) => seek(state.head - by),
    on: (by) => seek(state.head + by),
    home: () => seek(0),
    end: () => seek(view.seconds),
    track: (number) => view.tracks[number] && player.hear(view.tracks[number].id),
    nearer: () => zoom(0.5),
    farther: () => zoom(2),
    fit: () => move(0, Infinity),
  };
  for (const button of root.querySelectorAll("[data-act]")) button.addEventListener("click", () => act[button.dataset.act]());
  listenToKeys(act);
  (function tickOn() {
    if (player.playing) {
      state.head = player.frame / RATE;
      drawHead();
    }
    requestAnimationFrame(tickOn);
  })();
  show();
  player.prefetch(0);
}

begin().catch((error) => {
  root.querySelector("#loading").textContent = error.message;
});
