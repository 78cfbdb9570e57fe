"""One module per verb of the command line; each has a `command`."""
