"""What databases hold beside their rows, one module for each system; each has
`describe(connection) -> Schema`, and takes what it needs of the connection alone."""
