"""Probe, decode, demux, remux."""
