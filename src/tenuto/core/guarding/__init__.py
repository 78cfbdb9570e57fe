"""What guards look for, and what they make of a value: pure functions. May import `core` only."""
