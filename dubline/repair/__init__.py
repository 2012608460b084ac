"""Removal and reconstruction."""
