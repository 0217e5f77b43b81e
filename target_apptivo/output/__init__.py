"""Everything that a run writes."""
