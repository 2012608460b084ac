"""How well a model separates what it has never heard."""
