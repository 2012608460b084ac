"""What a screen shows and plays of a whole film: small pieces of sound and picture that are fetched by byte range."""
