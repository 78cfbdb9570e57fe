"""Arguments in, exit code out, one module per verb; names no adapter and no team."""
