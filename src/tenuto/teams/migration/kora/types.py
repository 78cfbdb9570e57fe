"""Types as systems write them, made comparable: other names of one type, and widths that say
nothing."""

from __future__ import annotations

import re
from typing import Final

from tenuto.teams.migration.schema import System

WORDS: Final = {
    "postgresql": {
        "int": "integer",
        "int2": "smallint",
        "int4": "integer",
        "int8": "bigint",
        "bool": "boolean",
        "varchar": "character varying",
        "char": "character",
        "bpchar": "character",
        "decimal": "numeric",
        "dec": "numeric",
        "float4": "real",
        "float8": "double precision",
        "float": "double precision",
        "timestamp": "timestamp without time zone",
        "timestamptz": "timestamp with time zone",
        "time": "time without time zone",
    },
    "mariadb": {
        "integer": "int",
        "boolean": "tinyint",
        "bool": "tinyint",
        "numeric": "decimal",
        "dec": "decimal",
        "double precision": "double",
        "real": "double",
        "json": "longtext",
    },
    "sqlite": {},
    "folder": {},
}
SIZED: Final = re.compile(r"^([^(]*?)\s*(\([^)]*\))?\s*([^()]*)$")
WIDTHS: Final = ("tinyint", "smallint", "mediumint", "int", "bigint")
"""Of MariaDB: what stands behind them in brackets is for display."""


def one_name(declared: str, system: System) -> str:
    """Return a type so that the same types have the same text."""
    found = SIZED.match(" ".join(declared.lower().split()))
    if found is None:
        return declared.lower()
    name, sizes, rest = found[1].strip(), (found[2] or "").replace(" ", ""), found[3].strip()
    if not name:
        # Without a size all is at the end; what stands behind the name, as `unsigned`, stays there.
        known = rest if rest in WORDS[system] else rest.split(" ")[0]
        name, rest = known, rest.removeprefix(known).strip()
    if system == "postgresql" and rest:
        name, rest = f"{name} {rest}".strip(), ""
    name = WORDS[system].get(name, name)
    if system == "mariadb" and name in WIDTHS:
        sizes = ""
    if sizes.endswith(",0)"):
        sizes = sizes.replace(",0)", ")")
    if system == "mariadb":
        rest = re.sub(r"(character set|charset|collate) \S+", "", rest).strip()
    return " ".join(f"{name}{sizes} {rest}".split())
