"""Many records at once, settled in input order."""
