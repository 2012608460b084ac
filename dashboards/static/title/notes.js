// What people wrote: at a moment, about an event, about a deliverable.

import { clock } from "./timecode.js";

export class Notes {
  constructor({ root, view, state, about }, seek) {
    this.view = view;
    this.seek = seek;
    this.rows = root.querySelector("#note-rows");
    const form = root.querySelector("#note-form");
    form?.addEventListener("submit", async (event) => {
      event.preventDefault();
      try {
        const note = { text: form.elements.text.value };
        if (view.tracks.length) note.at_seconds = state.head;
        if (state.selected) note.event = state.selected;
        view.notes = await desk.ask("POST", about("notes"), note);
        form.reset();
        this.fill();
      } catch (error) {
        desk.say(error.message, "bad");
      }
    });
    if (form && !view.tracks.length) form.querySelector("label span").textContent = "About this title";
    this.fill();
  }

  fill() {
    this.rows.replaceChildren(...this.view.notes.map((note) => this.#row(note)));
    if (!this.view.notes.length) this.rows.append(Object.assign(document.createElement("p"), { className: "hint", textContent: "No notes yet." }));
  }

  #row(note) {
    const row = document.createElement("div");
    row.className = "note small";
    const head = document.createElement("div");
    head.className = "soft tiny";
    head.append(Object.assign(document.createElement("bdi"), { textContent: note.who }), `, ${note.at.slice(0, 16).replace("T", " ")} `);
    if (note.at_seconds !== null) {
      const there = document.createElement("button");
      there.type = "button";
      there.textContent = clock(note.at_seconds);
      there.setAttribute("aria-label", `Go to ${clock(note.at_seconds)}`);
      there.addEventListener("click", () => this.seek(note.at_seconds));
      head.append(there);
    }
    const text = document.createElement("div");
    text.dir = "auto";
    text.textContent = note.text;
    row.append(head, text);
    return row;
  }
}
