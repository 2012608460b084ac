"""Layouts, block streams, resampling."""
