"""Rows of MariaDB as lines that the server writes and Arrow reads.

Where no value is very long, the server is asked for one cell a row: its values as a line of CSV,
texts and bytes in quotes. That takes the server no longer than to send them apart, and this side a
third of the time: Python looks at each row once, not at each value.
"""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pyarrow.csv as arrow_csv

from tenuto.teams.migration.databases.quoting import quoted

if TYPE_CHECKING:
    from pymysql.connections import Connection

LINE_BYTES_MAX: Final = 1_000_000
"""Longer rows come value by value: what CONCAT makes may not be longer than a packet."""
NUMBERS: Final = ("tinyint", "smallint", "mediumint", "int", "bigint", "decimal", "float", "double")
BARE: Final = frozenset((*NUMBERS, "year", "date", "datetime", "timestamp", "time"))
"""Types whose values hold neither quotes nor commas."""
QUOTED: Final = frozenset(
    ["char", "varchar", "tinytext", "text", "enum", "set", "uuid", "inet4", "inet6"]
)
LONG: Final = frozenset(["mediumtext", "longtext", "json"])
RAW: Final = frozenset(["binary", "varbinary", "tinyblob", "blob"])
LONG_RAW: Final = frozenset(["mediumblob", "longblob"])
PARSE: Final = arrow_csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False)


def may(
    connection: Connection[Any], table: str, names: tuple[str, ...], types: dict[str, str]
) -> bool:
    """Return whether rows of a table may come as lines."""
    used = {types[name] for name in names}
    if not names or not used <= BARE | QUOTED | LONG | RAW | LONG_RAW:
        return False
    long = [name for name in names if types[name] in LONG | LONG_RAW]
    if not long:
        return True
    sizes = " + ".join(f"coalesce(octet_length({quoted('mariadb', name)}), 0)" for name in long)
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT max({sizes}) FROM {quoted('mariadb', table)}")
        (most,) = cursor.fetchone() or (0,)
    return int(most or 0) < LINE_BYTES_MAX


def line(names: tuple[str, ...], types: dict[str, str]) -> str:
    """Return the expression for a row as a line, in bytes."""
    cells = ", ',', ".join(_cell(name, types[name]) for name in names)
    return f"CAST(CONCAT({cells}) AS BINARY)"


def _cell(name: str, type: str) -> str:
    column = quoted("mariadb", name)
    if type == "float":
        # As text it has six digits only.
        return f"IFNULL(CAST({column} AS DOUBLE), '')"
    if type in BARE:
        return f"IFNULL({column}, '')"
    if type not in RAW | LONG_RAW:
        column = f"CAST({column} AS CHAR CHARACTER SET utf8mb4)"
    return f"""IFNULL(CONCAT('"', REPLACE({column}, '"', '""'), '"'), '')"""


def columns(lines: list[bytes | None], count: int) -> list[pa.Array]:
    """Return the values of lines, column by column, as bytes."""
    assert None not in lines, "a line is as long as was measured"
    names = [str(place) for place in range(count)]
    table = arrow_csv.read_csv(
        io.BytesIO(b"\n".join(lines) + b"\n"),  # type: ignore[arg-type]  # None was looked for
        read_options=arrow_csv.ReadOptions(
            column_names=names, use_threads=False, block_size=1 << 30
        ),
        parse_options=PARSE,
        convert_options=arrow_csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.binary()),
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
        ),
    )
    assert table.num_rows == len(lines), "each line is a row"
    return [column.combine_chunks() for column in table.columns]
