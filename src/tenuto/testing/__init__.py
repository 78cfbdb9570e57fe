"""The kit for testing teams, shipped to users; may import all but the cli and bootstrap."""
