"""The session's decide, evolve and pending; may import the core only."""
