"""The rules as pure functions of data; may import a fixed list of standard modules, and msgspec."""
