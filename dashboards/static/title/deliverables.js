// The deliverables with their verdicts, and a person's word on each.

export class Deliverables {
  constructor(page) {
    this.page = page;
    this.body = page.root.querySelector("#deliverable-rows");
    this.dialog = document.getElementById("decision");
    this.may = page.root.dataset.may !== "viewer";
    this.dialog.querySelector("form").addEventListener("submit", (event) => this.#decide(event));
  }

  fill() {
    const { deliverables } = this.page.view;
    this.body.replaceChildren(...deliverables.map((one) => this.#row(one)));
    if (!deliverables.length) {
      const none = document.createElement("p");
      none.className = "hint";
      none.textContent = "Nothing has been delivered yet.";
      this.body.append(none);
    }
  }

  /** Asks for a decision: about `one`, or about the first candidate of the language that is heard. */
  ask(one = this.#meant()) {
    if (!this.may) return desk.say("Approving takes the role reviewer.", "bad");
    if (!one) return desk.say("There is no candidate to decide about.");
    this.one = one;
    this.dialog.querySelector("#decision-what").textContent = `${one.language} ${one.spec} (${one.container}, ${one.codec}), check: ${one.verdict ?? "none"}`;
    this.dialog.querySelector("textarea").value = "";
    // What is approved is not approved again but handed over.
    this.dialog.querySelector("[value=approved]").hidden = one.state === "approved";
    this.dialog.querySelector("[value=delivered]").hidden = one.state !== "approved";
    return this.dialog.showModal();
  }

  #meant() {
    const { view, state } = this.page;
    const open = view.deliverables.filter((one) => one.state === "candidate");
    const language = view.tracks.find((track) => track.id === state.heard)?.language;
    return open.find((one) => one.language === language) ?? open[0];
  }

  #row(one) {
    const row = document.createElement("div");
    row.className = "deliverable";
    const name = document.createElement("a");
    name.href = `/deliverables/${one.id}`;
    name.textContent = `${one.language} ${one.spec}`;
    const form = document.createElement("span");
    form.className = "soft tiny";
    form.textContent = `${one.container} ${one.codec}`;
    const [head, marks] = [document.createElement("span"), document.createElement("span")];
    head.append(name, form);
    marks.append(mark(one.state, one.state), mark(one.verdict ?? "unchecked", `check: ${one.verdict ?? "none"}`));
    row.append(head, marks);
    if (one.state === "candidate" || one.state === "approved") {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = "Decide…";
      button.disabled = !this.may;
      button.setAttribute("aria-label", `Decide about ${one.language} ${one.spec}`);
      button.addEventListener("click", () => this.ask(one));
      row.append(button);
    }
    return row;
  }

  async #decide(event) {
    const decision = event.submitter?.value;
    if (!decision || decision === "cancel") return;
    const note = this.dialog.querySelector("textarea").value;
    try {
      await desk.ask("POST", `/api/deliverables/${this.one.id}/decision`, { decision, note });
      desk.say(`${this.one.language} ${this.one.spec} is ${decision}.`, "good");
      const fresh = await desk.ask("GET", this.page.about("view"));
      this.page.view.deliverables = fresh.deliverables;
      this.fill();
      this.page.panel.consequences();
    } catch (error) {
      desk.say(error.message, "bad");
    }
  }
}

function mark(kind, words) {
  const state = document.createElement("span");
  state.className = `state ${kind}`;
  state.textContent = words;
  return state;
}
