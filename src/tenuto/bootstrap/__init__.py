"""Settings into adapters into a runtime, with no rules of its own; may import all but the cli."""
