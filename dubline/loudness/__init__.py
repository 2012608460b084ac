"""BS.1770 meter, gates, delivery specs, conform."""
