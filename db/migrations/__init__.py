"""The catalog's schema, step by step; run by ``db.schema`` when a catalog is opened."""
