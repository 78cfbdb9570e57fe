"""The turn machine of an agent's task; may import the core only."""
