"""Delivery checks and QC pages."""
