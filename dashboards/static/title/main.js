// The title page: asks the desk for the title, and lets its parts know of each other.

import { Blocks, RATE } from "./blocks.js";
import { Player } from "./player.js";
import { Timeline } from "./timeline.js";
import { eventsWithEdits } from "./asked.js";
import { Clock } from "./clock.js";
import { EventList } from "./list.js";
import { EventPanel } from "./panel.js";
import { Lanes } from "./lanes.js";
import { Deliverables } from "./deliverables.js";
import { Notes } from "./notes.js";
import { chooseKeys, listenToKeys, showKeys } from "./keys.js";

// What is heard around an event: an ear needs the scene to tell.
const AROUND_SECONDS = 1.2;

const root = document.getElementById("title-page");
const about = (path) => `/api/titles/${root.dataset.slug}/${path}${path.includes("?") ? "&" : "?"}${root.dataset.version ? `version=${root.dataset.version}` : ""}`;

/** Says what went wrong, and goes on. */
async function trying(work) {
  try {
    return await work();
  } catch (error) {
    desk.say(error.message, "bad");
    return undefined;
  }
}

async function begin() {
  const view = await desk.ask("GET", about("view"));
  const state = {
    start: 0, scale: view.seconds / 1000, head: 0, heard: null, selected: null, spectrum: false, drawing: null,
    events: eventsWithEdits(view), loudness: null,
  };
  const blocks = new Blocks();
  const player = new Player(view.tracks, { blocks });
  const wanted = view.tracks.find((track) => track.track === "me_filled");
  if (wanted) player.heard = wanted.id;
  state.heard = player.heard;

  const page = { root, view, state, player, about };
  const clock = new Clock(page);
  const panel = new EventPanel(page, {
    save: (edit) => trying(() => take(desk.ask("POST", about("edits"), edit), "Kept: it is part of the next run.")),
    undo: (edit) => trying(() => take(desk.ask("DELETE", about(`edits/${edit.id}`)), "Taken back.")),
    before: () => hearEvent("me"),
    after: () => hearEvent("me_filled"),
    cancelled: () => { page.drawMode(false); panel.show(chosen()); },
  });
  const list = new EventList(page, (event) => select(event, true));
  const timeline = new Timeline(root, view, state, {
    seek: (seconds) => seek(seconds),
    select: (event) => select(event, false),
    drawn: ([from, to]) => draw(from, to),
    laid: (all) => lanes.lay(all),
  });
  const lanes = new Lanes(page, timeline.lanes, (id) => player.hear(id));
  const deliverables = new Deliverables(page);
  const notes = new Notes(page, (seconds) => seek(seconds));
  Object.assign(page, { clock, notes, panel, list, timeline, lanes, deliverables });

  /** Goes somewhere, and shows it. */
  function seek(seconds) {
    state.head = Math.min(Math.max(seconds, 0), view.seconds);
    trying(() => player.seek(state.head * RATE));
    timeline.follow();
    clock.show();
  }

  function select(event, jump) {
    state.selected = event?.id ?? null;
    list.show();
    panel.show(event);
    if (event && jump) {
      seek(event.start_seconds);
      if (timeline.at(event.start_seconds) < 0 || timeline.at(event.end_seconds) > timeline.width) timeline.show(event.start_seconds, event.end_seconds);
    }
    timeline.draw();
  }

  const chosen = () => state.events.find((event) => event.id === state.selected);

  /** Plays the chosen event with what is around it, in one track. */
  function hearEvent(track) {
    const event = chosen();
    if (!event) return desk.say("Choose an event first: n takes the next one.");
    const found = view.tracks.find((one) => one.track === track);
    if (!found) return desk.say("There is no such track.", "bad");
    player.hear(found.id);
    const from = Math.max(event.start_seconds - AROUND_SECONDS, 0);
    return player.play(from * RATE, Math.min(event.end_seconds + AROUND_SECONDS, view.seconds) * RATE);
  }

  function draw(from, to) {
    state.drawing = [from, to];
    panel.add(from, to);
    timeline.draw();
  }

  page.drawMode = (on) => {
    state.drawing = on ? [] : null;
    root.classList.toggle("drawing", on);
    root.querySelector("#draw").setAttribute("aria-pressed", String(on));
    timeline.draw();
  };

  /** The desk's answer to an edit becomes what the page shows. */
  async function take(answer, words) {
    const told = await answer;
    Object.assign(view, told);
    const was = state.selected;
    state.events = eventsWithEdits(view);
    page.drawMode(false);
    timeline.relay();
    list.fill();
    const still = state.events.find((event) => event.id === was)
      ?? state.events.find((event) => event.edit && event.edit.id === view.edits.at(-1)?.id);
    select(still, false);
    panel.consequences();
    desk.say(words, "good");
  }

  const act = {
    play: () => (player.playing ? player.pause() : trying(() => player.play())),
    back: (by = 1) => seek(state.head - by),
    on: (by = 1) => seek(state.head + by),
    frame: (by) => seek(state.head + (view.fps ? (by * view.fps[1]) / view.fps[0] : by / 25)),
    home: () => seek(0),
    end: () => seek(view.seconds - 0.001),
    track: (number) => view.tracks[number] && player.hear(view.tracks[number].id),
    up: () => step(-1),
    down: () => step(1),
    swap: () => player.swap(),
    next: () => go(1),
    previous: () => go(-1),
    before: () => hearEvent("me"),
    after: () => hearEvent("me_filled"),
    nearer: () => timeline.zoom(0.5),
    farther: () => timeline.zoom(2),
    fit: () => timeline.fit(),
    focus: () => { const event = chosen(); if (event) timeline.show(event.start_seconds, event.end_seconds); },
    look: () => {
      state.spectrum = !state.spectrum;
      root.querySelector("#look").setAttribute("aria-pressed", String(state.spectrum));
      timeline.relay();
    },
    edit: () => panel.edit(),
    drop: () => panel.drop(),
    draw: () => {
      if (!panel.may) return desk.say("Correcting events takes the role reviewer.", "bad");
      // The first time it begins at the playhead, the second time it ends there.
      if (!state.drawing) {
        page.drawMode(true);
        state.drawing = [state.head, undefined];
        return desk.say("Drag over the event, or go to its end and press d again. Esc stops.");
      }
      const [from] = state.drawing.length ? state.drawing : [state.head];
      if (Math.abs(state.head - from) > 0.01) return draw(Math.min(from, state.head), Math.max(from, state.head));
      return page.drawMode(false);
    },
    approve: () => deliverables.ask(),
    help: () => showKeys(),
    stop: () => { page.drawMode(false); panel.close(); desk.say(""); },
  };

  function step(by) {
    const at = view.tracks.findIndex((track) => track.id === player.heard);
    act.track(Math.min(Math.max(at + by, 0), view.tracks.length - 1));
  }

  function go(by) {
    if (!state.events.length) return desk.say("There are no events.");
    const at = state.events.findIndex((event) => event.id === state.selected);
    const found = at >= 0
      ? state.events[(at + by + state.events.length) % state.events.length]
      : (by > 0 ? state.events.find((event) => event.start_seconds >= state.head) ?? state.events[0] : [...state.events].reverse().find((event) => event.start_seconds <= state.head) ?? state.events.at(-1));
    return select(found, true);
  }

  player.addEventListener("state", () => clock.playing(player.playing));
  player.addEventListener("trouble", (event) => desk.say(event.detail, "bad"));
  player.addEventListener("track", () => {
    state.heard = player.heard;
    lanes.show();
    timeline.draw();
    hearLoudness();
  });

  /** Fetches the loudness of the track that is heard, once. */
  const curves = new Map();
  async function hearLoudness() {
    const track = view.tracks.find((one) => one.id === state.heard);
    if (!track) return;
    if (!curves.has(track.id)) {
      const address = about(`loudness/${track.track}?language=${encodeURIComponent(track.language)}`);
      curves.set(track.id, track.measured ? desk.ask("GET", address).catch(() => null) : null);
    }
    const curve = await curves.get(track.id);
    if (state.heard !== track.id) return;
    const limits = new Map(view.deliverables.filter((one) => one.language === track.language).map((one) => [one.spec, { name: one.spec, ...one.limits }]));
    state.loudness = { curve, limits: [...limits.values()] };
    timeline.draw();
  }

  for (const button of root.querySelectorAll("[data-act]")) button.addEventListener("click", () => act[button.dataset.act]());
  root.querySelector("#run-again")?.addEventListener("click", () => trying(async () => {
    const run = await desk.ask("POST", about("runs"), {});
    desk.say(`The run is asked for${run.url ? "; the board follows it" : ""}.`, "good");
  }));
  root.querySelector("#volume").addEventListener("input", (event) => player.volume(event.target.value ** 2));
  listenToKeys(act);
  chooseKeys();

  (function tickOn() {
    if (player.playing) {
      state.head = player.frame / RATE;
      timeline.follow();
      clock.show();
    }
    requestAnimationFrame(tickOn);
  })();
  player.addEventListener("state", () => {
    if (!player.playing) state.head = player.frame / RATE;
    timeline.drawHead();
    clock.show();
  });

  clock.show();
  list.fill();
  panel.show(undefined);
  deliverables.fill();
  lanes.show();
  timeline.draw();
  if (!view.tracks.length) {
    root.classList.add("silent");
    root.querySelector("#loading").textContent = "There is nothing to hear or to see yet: pictures, tracks and events appear here once a run has made them.";
  }
  root.dataset.ready = "yes";
  performance.mark("title-ready");
  // Once the page stands: what is heard first, and its loudness.
  player.prefetch(0);
  hearLoudness();
  window.titlePage = page;
}

trying(begin).then(() => {
  if (!root.dataset.ready) root.querySelector("#loading").textContent = "This title could not be loaded.";
});
