"""Mixtures, losses, trainer."""
