"""Who may do what: roles, permissions, grants and scopes as pure rules. May import `core` only."""
