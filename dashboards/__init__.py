"""The review desk: pages over the catalog, for producers."""
