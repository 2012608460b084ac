// The chosen event: what it is, what was done, what is to be done with it.

import { MARK, WORDS } from "./colors.js";
import { clock } from "./timecode.js";

const key = (name) => Object.assign(document.createElement("kbd"), { textContent: name });

export class EventPanel {
  constructor({ root, view, state }, on) {
    this.view = view;
    this.state = state;
    this.on = on;
    this.may = root.dataset.may !== "viewer";
    this.facts = root.querySelector("#event-facts");
    this.form = root.querySelector("#event-form");
    this.actions = root.querySelector("#event-actions");
    this.heading = root.querySelector("#event-heading");
    this.stale = root.querySelector("#consequences");
    this.runner = root.querySelector("#run-again");
    this.#build();
    this.consequences();
  }

  /** Shows an event, or that none is chosen. */
  show(event) {
    this.event = event;
    this.form.hidden = true;
    this.actions.hidden = !event;
    this.heading.textContent = event ? `${event.label} at ${clock(event.start_seconds)}` : "No event chosen";
    if (!event) {
      const hint = document.createElement("p");
      hint.className = "hint";
      hint.append(key("n"), " goes to the next event, ", key("d"), " draws one that was missed.");
      this.facts.replaceChildren(hint);
      return;
    }
    const rows = [
      ["What", `${event.label}, ${MARK[event.disposition]} ${WORDS[event.disposition]}${event.gone ? " (dropped)" : ""}`],
      ["When", `${clock(event.start_seconds)} to ${clock(event.end_seconds)}, in ${event.channels.join(" ")} of ${event.stem === "dx" ? "the DX stem" : "the M&E"}`],
      ["Decided by", [event.decided_by, event.reason].filter(Boolean).join(": ")],
      ["Done", event.method ? `${event.method}${event.rebuild ? `, rebuilt as ${event.rebuild}` : ""}: ${event.why}` : "nothing yet: it is new"],
      ["Lost", event.reduction_db === null ? "" : `${event.reduction_db} dB`],
      ["Still heard as", event.heard_as ?? ""],
      ["Asked", event.edit ? this.#asked(event) : ""],
    ];
    const list = document.createElement("dl");
    list.className = "facts";
    for (const [name, words] of rows.filter(([, words]) => words)) {
      const term = document.createElement("dt");
      const fact = document.createElement("dd");
      term.textContent = name;
      fact.dir = "auto";
      fact.textContent = words;
      list.append(term, fact);
    }
    this.facts.replaceChildren(list);
    this.undo.hidden = !event.edit;
    this.dropper.hidden = event.gone;
    this.changer.hidden = event.gone;
  }

  /** Opens the form for the chosen event. */
  edit() {
    if (!this.may) return desk.say("Correcting events takes the role reviewer.", "bad");
    if (!this.event) return desk.say("Choose an event first: n takes the next one.");
    this.adding = false;
    return this.#open(this.event, "Change this event");
  }

  /** Opens the form for an event that was missed. */
  add(from, to) {
    this.adding = true;
    this.event = undefined;
    this.actions.hidden = true;
    this.heading.textContent = "A missed event";
    this.facts.replaceChildren();
    this.#open({ start_seconds: from, end_seconds: to, channels: this.view.channels.filter((tag) => tag !== "LFE"), label: "breath", disposition: "optional", stem: "me" }, "Add this event");
  }

  drop() {
    if (!this.may) return desk.say("Correcting events takes the role reviewer.", "bad");
    if (!this.event) return desk.say("Choose an event first: n takes the next one.");
    return this.on.save({ do: "drop", event: this.event.id, note: this.field("note").value });
  }

  close() {
    if (!this.form.hidden) this.#close();
  }

  /** Says what edits make stale. */
  consequences() {
    const { stale, edits, deliverables } = this.view;
    if (this.runner) this.runner.hidden = !edits.length;
    if (!stale || !stale.stages.clean) {
      this.stale.textContent = "";
      return;
    }
    const steps = Object.values(stale.stages).reduce((sum, count) => sum + count, 0);
    const named = deliverables.filter((one) => stale.deliverables.includes(one.id));
    const kept = named.some((one) => one.state === "approved" || one.state === "delivered");
    const minutes = Math.max(1, Math.round(stale.seconds / 60));
    this.stale.textContent =
      `${edits.length ? `${edits.length} ${edits.length === 1 ? "edit is" : "edits are"} in force.` : "No edits yet."} ` +
      `An edit makes the cleaning and what follows from it stale: ${steps} steps, about ${minutes} min of work last time` +
      `${named.length ? `, and ${named.map((one) => `${one.language} ${one.spec}`).join(", ")}` : ""}. ` +
      `${kept ? "What is approved stays as it is; new candidates appear beside it. " : ""}Nothing is made before the next run.`;
  }

  field(name) {
    return this.form.elements[name];
  }

  #asked(event) {
    const { edit } = event;
    const what = { add: "added", drop: "dropped", change: "changed" }[edit.do];
    const said = `by ${edit.who}${edit.note ? `: “${edit.note}”` : ""}`;
    return event.asked ? `to be ${what} with the next run, ${said}` : `${what} ${said}`;
  }

  #open(event, words) {
    this.form.hidden = false;
    this.form.querySelector("button.primary").textContent = words;
    this.field("label").value = event.label;
    this.field("disposition").value = event.disposition;
    this.field("start_seconds").value = event.start_seconds.toFixed(3);
    this.field("end_seconds").value = event.end_seconds.toFixed(3);
    this.field("note").value = event.edit?.note ?? "";
    this.field("stem").value = event.stem;
    this.form.querySelector("#stem-field").hidden = !this.adding;
    for (const box of this.form.querySelectorAll("[name=channel]")) box.checked = event.channels.includes(box.value);
    this.field("disposition").focus();
  }

  #close() {
    this.form.hidden = true;
    this.on.cancelled();
  }

  #build() {
    for (const label of this.view.labels) this.field("label").append(new Option(label, label));
    for (const one of this.view.dispositions) this.field("disposition").append(new Option(`${MARK[one]} ${WORDS[one]}`, one));
    const boxes = this.form.querySelector("#channel-boxes");
    for (const tag of this.view.channels) {
      const label = document.createElement("label");
      label.className = "inline";
      const box = document.createElement("input");
      box.type = "checkbox";
      box.name = "channel";
      box.value = tag;
      label.append(box, tag);
      boxes.append(label);
    }
    this.undo = this.actions.querySelector("#undo");
    this.dropper = this.actions.querySelector("#drop");
    this.changer = this.actions.querySelector("#change");
    for (const button of [this.undo, this.dropper, this.changer]) button.disabled = !this.may;
    this.undo.addEventListener("click", () => this.on.undo(this.event.edit));
    this.form.querySelector("#cancel-edit").addEventListener("click", () => this.#close());
    this.form.addEventListener("submit", (submit) => {
      submit.preventDefault();
      const said = {
        disposition: this.field("disposition").value,
        label: this.field("label").value,
        start_seconds: Number(this.field("start_seconds").value),
        end_seconds: Number(this.field("end_seconds").value),
        channels: [...this.form.querySelectorAll("[name=channel]:checked")].map((box) => box.value),
      };
      const note = this.field("note").value;
      if (!said.channels.length) return desk.say("Choose at least one channel.", "bad");
      if (this.adding) return this.on.save({ do: "add", ...said, stem: this.field("stem").value, note });
      return this.on.save({ do: "change", event: this.event.id, ...this.#changed(said), note });
    });
  }

  /** What is said of the event beyond what was detected: what is not said stays the policy's to decide. */
  #changed(said) {
    const was = this.event;
    const kept = was.edit && was.edit.do === "change" ? was.edit : {};
    const close = (a, b) => Math.abs(a - b) < 0.0006;
    const changed = {};
    for (const name of ["disposition", "label"]) if (said[name] !== was[name] || kept[name] !== undefined) changed[name] = said[name];
    for (const name of ["start_seconds", "end_seconds"]) if (!close(said[name], was[name]) || kept[name] !== undefined) changed[name] = said[name];
    if (String(said.channels) !== String(was.channels) || kept.channels !== undefined) changed.channels = said.channels;
    return changed;
  }
}
