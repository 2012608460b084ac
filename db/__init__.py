"""What is known and kept: the catalog and the store."""
