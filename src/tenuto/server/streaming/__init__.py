"""Live streams: each session that is watched is read once and told to all who watch it."""
