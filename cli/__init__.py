"""The front door: one thin command per verb."""
