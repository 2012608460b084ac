"""Detectors, events, disposition policies."""
