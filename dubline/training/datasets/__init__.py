"""Data sets on disk by the rules of Divide and Remaster: built, reported on, read back."""
