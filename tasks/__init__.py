"""One step per file, and the one mechanism they share."""
