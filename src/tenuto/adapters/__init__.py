"""One folder per technology behind a port; may import ports, codec, views and the core."""
