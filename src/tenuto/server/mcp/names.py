"""Names of tools that every MCP client takes."""

import hashlib
import re
from typing import Final

NAME_CHARS_MAX: Final = 128
"""Source: MCP 2025-11-25, server/tools, tool names (SEP-986)."""

_REFUSED: Final = re.compile(r"[^A-Za-z0-9._-]")
_DIGEST_CHARS: Final = 6


def tool_name(name: str) -> str:
    """Return the name under which MCP clients call workflow `name`.

    Letters of ASCII, digits and `._-` stand as they are, anything else becomes `_`. Where that says
    too little, of other scripts and of names over 128 characters, six digits of its SHA-256 follow.
    """
    mapped = _REFUSED.sub("_", name)
    if name.isascii() and len(name) <= NAME_CHARS_MAX:
        return mapped
    digest = hashlib.sha256(name.encode()).hexdigest()[:_DIGEST_CHARS]
    return f"{mapped[: NAME_CHARS_MAX - _DIGEST_CHARS - 1]}-{digest}"
