"""Events to bytes and back, for every release's events; may import the core only."""
