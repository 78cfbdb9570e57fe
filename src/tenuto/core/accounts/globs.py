"""Patterns of names, in which `*` stands for any number of characters, and nothing else is
special."""


def glob_matches(glob: str, text: str) -> bool:
    """Return whether all of `text` is what `glob` describes; case counts. Time is bounded by the
    product of the lengths."""
    first, *rest = glob.split("*")
    if not rest:
        return glob == text
    *middle, last = rest
    if not text.startswith(first) or len(text) < len(first) + len(last):
        return False
    at, end = len(first), len(text) - len(last)
    for piece in middle:
        found = text.find(piece, at, end)
        if found < 0:
            return False
        at = found + len(piece)
    return text.endswith(last)


def glob_covers(outer: str, inner: str) -> bool:
    """Return whether everything that `inner` matches is matched by `outer`.

    An asterisk of `inner` can only be covered by one of `outer`, whose other characters are no
    asterisks: so `inner` read as a plain text answers it.
    """
    return glob_matches(outer, inner)
