"""What agents remember beyond a session: items, how they are found, kept and let go."""
