"""What the title page shows: tracks with their tiles, events with their edits, deliverables with their verdicts."""
