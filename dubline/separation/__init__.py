"""Networks, weights, streaming inference."""
