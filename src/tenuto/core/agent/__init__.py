"""The turn machine of an agent's task: pure rules. May import `core` only."""
