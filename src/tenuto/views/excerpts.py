"""Payloads cut to what a line can show."""

import msgspec

from tenuto.core.vocabulary import Json


def excerpt(value: Json, length: int = 80) -> str:
    """Return `value` on one line of at most `length` characters; what is cut ends in `…`.

    A text stands as it is, anything else as JSON. Costs time in `length` for a text, in the size of
    the value for anything else."""
    if isinstance(value, str):
        # Blanks fold together, so more than `length` characters may be needed; four times that is
        # plenty, and a payload of megabytes is not walked through for one line.
        text = " ".join(value[: length * 4].split())
        whole = len(value) <= length * 4
    else:
        text, whole = msgspec.json.encode(value).decode(), True
    if len(text) <= length and whole:
        return text
    return text[: length - 1].rstrip() + "…"


def call_text(tool: str, arguments: dict[str, Json], length: int = 80) -> str:
    """Return a tool call as `search(query="fog signals", limit=5)`, at most `length` characters."""
    parts = [f"{name}={_argument(value)}" for name, value in arguments.items()]
    text = f"{tool}({', '.join(parts)})"
    return text if len(text) <= length else text[: length - 2].rstrip() + "…)"


def _argument(value: Json) -> str:
    return f'"{excerpt(value, 60)}"' if isinstance(value, str) else excerpt(value, 60)
