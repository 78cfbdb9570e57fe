"""Routes of the API, a module per resource. Thin: parse, authorise, call, render."""
