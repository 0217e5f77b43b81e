"""See, check and try before sending: each is a run whose outputs print."""
