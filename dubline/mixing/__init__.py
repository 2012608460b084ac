"""Dub + M&E."""
