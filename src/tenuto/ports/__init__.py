"""What the runtime asks of the outside world: Protocols and errors; may import the core only."""
