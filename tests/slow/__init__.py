"""Kills, stops, memory, and environments of other programs: minutes."""
