// The events as a list: to read, to filter, to go to.

import { MARK, WORDS } from "./colors.js";
import { clock } from "./timecode.js";

// More are not read, and take long to lay out: the filter finds the rest.
const MOST = 400;

export class EventList {
  constructor({ root, state, view }, choose) {
    this.state = state;
    this.choose = choose;
    this.body = root.querySelector("#event-rows");
    this.count = root.querySelector("#event-count");
    this.filter = root.querySelector("#event-filter");
    for (const [name, words] of [...view.labels.map((label) => [`label:${label}`, label]), ...view.dispositions.map((one) => [`disposition:${one}`, WORDS[one]])]) {
      this.filter.append(new Option(words, name));
    }
    this.filter.addEventListener("change", () => this.fill());
  }

  fill() {
    const [field, wanted] = this.filter.value.split(":");
    const chosen = this.state.events.filter((event) => {
      if (field === "asked") return event.asked || event.edit;
      return !field || event[field] === wanted;
    });
    this.count.textContent = chosen.length === this.state.events.length ? `${chosen.length}` : `${chosen.length} of ${this.state.events.length}`;
    this.body.replaceChildren(...chosen.slice(0, MOST).map((event) => this.#row(event)));
    if (!chosen.length) {
      const none = document.createElement("p");
      none.className = "hint";
      none.textContent = this.state.events.length ? "None of this kind." : "No voice was found in this M&E.";
      this.body.append(none);
    }
    this.show();
  }

  /** Marks the chosen event. */
  show() {
    for (const row of this.body.querySelectorAll("button")) {
      const chosen = row.dataset.event === this.state.selected;
      row.setAttribute("aria-current", String(chosen));
      if (!chosen) continue;
      // Of the list alone: the timeline stays where it is.
      const [top, bottom] = [row.offsetTop - this.body.offsetTop, row.offsetTop - this.body.offsetTop + row.offsetHeight];
      if (top < this.body.scrollTop) this.body.scrollTop = top;
      else if (bottom > this.body.scrollTop + this.body.clientHeight) this.body.scrollTop = bottom - this.body.clientHeight;
    }
  }

  #row(event) {
    const row = document.createElement("button");
    row.type = "button";
    row.className = `event-row${event.gone ? " gone" : ""}`;
    row.dataset.event = event.id;
    const cell = (kind, words) => {
      const part = document.createElement("span");
      part.className = kind;
      part.textContent = words;
      row.append(part);
      return part;
    };
    cell("number", clock(event.start_seconds));
    cell(`swatch class-${event.label}`, "■").setAttribute("aria-hidden", "true");
    cell("what", event.label);
    cell("how", event.gone ? "✕ dropped" : `${MARK[event.disposition]} ${WORDS[event.disposition]}`);
    cell("asked", event.asked ? "✎ asked" : event.edit ? "✎ done" : "");
    row.addEventListener("click", () => this.choose(event));
    return row;
  }
}
