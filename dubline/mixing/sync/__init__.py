"""Whether a dub runs with the dialogue it replaces: its offset, its speed, and how sure that is."""
