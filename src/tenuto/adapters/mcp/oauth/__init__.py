"""Access to servers of MCP by OAuth, with the official SDK's client. May import `core`, `ports`."""
