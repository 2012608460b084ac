// The events of the run that is shown, with what people have asked of them since.

const FIELDS = ["disposition", "label", "start_seconds", "end_seconds", "channels"];

/**
 * Events in order of time. `edit` is the edit in force about an event, `asked` whether the run that is shown does not
 * have it yet, `gone` whether the event is dropped.
 */
export function eventsWithEdits(view) {
  const events = new Map();
  for (const event of view.events) events.set(event.id, { ...event, edit: null, asked: false, gone: false });
  // Dropped in this run: gone unless the edit was taken back.
  for (const event of view.dropped) events.set(event.id, { ...event, edit: null, asked: true, gone: false });
  const before = new Set(view.dropped.map((event) => event.id));
  for (const edit of view.edits) {
    if (edit.do === "add") {
      const made = events.get(edit.makes);
      if (made) made.edit = edit;
      else events.set(edit.makes, drawn(edit));
      continue;
    }
    const event = events.get(edit.event);
    if (!event) continue;
    event.edit = edit;
    if (edit.do === "drop") {
      event.gone = true;
      event.asked = !before.has(event.id);
      continue;
    }
    const changes = FIELDS.filter((name) => edit[name] !== undefined && String(edit[name]) !== String(event[name]));
    event.asked = changes.length > 0 || before.has(event.id);
    for (const name of changes) event[name] = edit[name];
  }
  return [...events.values()].sort((a, b) => a.start_seconds - b.start_seconds || a.end_seconds - b.end_seconds);
}

function drawn(edit) {
  const { start_seconds, end_seconds, channels, label, disposition, stem } = edit;
  return {
    id: edit.makes, start_seconds, end_seconds, channels, label, disposition, stem,
    score: 1, level_db: null, action: "none", method: null, why: null, decided_by: edit.who, reason: edit.note,
    edited: "added", reduction_db: null, edit, asked: true, gone: false,
  };
}
