"""What is said: language left in an M&E, the DX guide's text, the language of a track. With a checkpoint only."""
