"""The asynchronous shell around the core; may import ports, codec, views and the core."""
