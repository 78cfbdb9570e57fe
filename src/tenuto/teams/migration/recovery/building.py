"""Builds what stands on rows that are there: where they contradict it, they give way to quarantine,
and what cannot be built is said."""
