"""What a declared type of SQLite says. SQLite itself reads little of it: any column may hold any
value, but for those of STRICT tables.

Source: https://sqlite.org/datatype3.html, section 3.1, for affinities.
"""

import re
from typing import Final

from tenuto.teams.migration.schema import Kind, Type

_SIZES: Final = re.compile(r"\(\s*([+-]?\d+)\s*(?:,\s*([+-]?\d+)\s*)?\)")

# Words that say more than the affinity; the first that fits counts.
_WORDS: Final[tuple[tuple[str, Kind], ...]] = (
    (r"\bBOOL(EAN)?\b", "boolean"),
    (r"\bTIMESTAMPTZ\b|\bWITH TIME ZONE\b", "timestamptz"),
    (r"\bDATETIME\w*|\bTIMESTAMP\b", "timestamp"),
    (r"\bDATE\b", "date"),
    (r"\bTIME\b", "time"),
    (r"\bJSONB?\b", "json"),
    # So a target is declared that keeps all digits.
    (r"\bDECIMAL TEXT\b", "decimal"),
    (r"\b(UUID|GUID|UNIQUEIDENTIFIER)\b", "uuid"),
    (r"\b(VAR)?BINARY\b|\bBYTEA\b|\bIMAGE\b", "bytes"),
)
_AFFINITIES: Final[tuple[tuple[str, Kind], ...]] = (
    (r"INT", "integer"),
    (r"CHAR|CLOB|TEXT", "text"),
    (r"BLOB", "bytes"),
    (r"REAL|FLOA|DOUB", "float"),
    (r"DEC|NUM|MONEY|CURRENCY", "decimal"),
)


def type_of(declared: str) -> Type:
    """Return what is declared, with the kind of value that it promises.

    A column without a type, or of one that SQLite does not know, is of text: that holds all.
    """
    words = _SIZES.sub(" ", declared.upper())
    sizes = _SIZES.search(declared)
    first = int(sizes[1]) if sizes else None
    second = int(sizes[2]) if sizes and sizes[2] else None
    kind: Kind = "text"
    for pattern, means in (*_WORDS, *_AFFINITIES):
        if re.search(pattern, words):
            kind = means
            break
    if kind == "decimal":
        return Type(declared=declared, kind=kind, precision=first, scale=second or (first and 0))
    if kind in ("text", "bytes"):
        return Type(declared=declared, kind=kind, length=first)
    return Type(declared=declared, kind=kind)
