"""What a database holds, as Scout tells it: its schema, the profile of its data, and what each
column means. Plain data, with a JSON form that keeps everything.
"""

from typing import Literal

import msgspec

System = Literal["sqlite", "postgresql", "mariadb", "folder"]

Kind = Literal[
    "boolean",
    "integer",
    "decimal",
    "float",
    "text",
    "bytes",
    "date",
    "time",
    "timestamp",
    "timestamptz",
    "json",
    "uuid",
]
"""What values of a column are, whatever a system calls the type. Two systems are compared by it."""

Scalar = str | int | float | bool | None
"""A value as JSON has it: decimals, dates and bytes (in hex) are texts."""


class Type(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A type as its system declares it, and what that makes of it."""

    declared: str
    kind: Kind
    precision: int | None = None
    """Digits in all, of a decimal."""
    scale: int | None = None
    """Digits after the point, of a decimal."""
    length: int | None = None
    """Characters of a text or bytes at most; None: any number."""
    values: tuple[str, ...] = ()
    """The values of an enumeration."""


class Column(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A column of a table."""

    name: str
    type: Type
    nullable: bool = True
    default: str | None = None
    """An expression in the SQL of the system."""
    generated: str | None = None
    """The expression of a column that is computed."""
    counts: bool = False
    """Numbers itself: AUTOINCREMENT, SERIAL, IDENTITY, AUTO_INCREMENT, or SQLite's rowid."""
    collation: str | None = None
    comment: str | None = None


class ForeignKey(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Columns that name a row of another table."""

    name: str
    columns: tuple[str, ...]
    table: str
    """The table that is named."""
    named: tuple[str, ...]
    """Its columns, in the same order."""
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"


class Index(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An index or a unique constraint."""

    name: str
    parts: tuple[str, ...]
    """Names of columns; or expressions, in brackets."""
    unique: bool = False
    where: str | None = None
    collations: tuple[str, ...] = ()
    """Of the parts, where one is not that of its column's system: NOCASE, RTRIM."""


class Check(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A condition on each row."""

    name: str
    condition: str


class Table(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A table."""

    name: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """The columns of the primary key, in its order."""
    foreign_keys: tuple[ForeignKey, ...] = ()
    indexes: tuple[Index, ...] = ()
    """With those of unique constraints, without that of the primary key."""
    checks: tuple[Check, ...] = ()
    without_rowid: bool = False
    """SQLite keeps it in the order of its key, and has no other."""
    rows: int | None = None
    bytes: int | None = None
    """On disk, where the system tells it."""

    def column(self, name: str) -> Column:
        """Return the column of a name; raises KeyError when there is none."""
        return {column.name: column for column in self.columns}[name]


class View(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A query with a name."""

    name: str
    query: str
    """The SELECT, in the SQL of the system."""
    columns: tuple[str, ...] = ()


class Trigger(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A program that a change to a table starts."""

    name: str
    table: str
    program: str


class Sequence(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A counter, and the column that takes from it, if one does."""

    name: str
    next: int
    """What it gives next."""
    table: str | None = None
    column: str | None = None


class Schema(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """All that a database holds beside its rows. `tables` are in the order of their names."""

    system: System
    version: str
    """Of the server or the library."""
    tables: tuple[Table, ...]
    views: tuple[View, ...] = ()
    triggers: tuple[Trigger, ...] = ()
    sequences: tuple[Sequence, ...] = ()
    encoding: str = "UTF-8"
    collation: str | None = None
    """That of columns which declare none."""
    left_out: dict[str, str] = {}
    """What it holds beside, and why that is not told here: virtual tables, foreign tables."""

    def table(self, name: str) -> Table:
        """Return the table of a name; raises KeyError when there is none."""
        return {table.name: table for table in self.tables}[name]


class Profile(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What the values of a column are like. Counts are of the rows that were looked at."""

    rows: int
    """How many were looked at."""
    whole: bool
    """All of them were."""
    nulls: int = 0
    distinct: int | None = None
    least: Scalar = None
    greatest: Scalar = None
    length_max: int | None = None
    """Characters of the longest text, bytes of the longest blob."""
    stored: dict[str, int] = {}
    """How values are stored, where that may differ from row to row (SQLite): integer, real, text,
    blob, null."""
    patterns: dict[str, int] = {}
    """How many non-null values fit each known pattern: `date_iso`, `email`, …; see
    `scout.patterns`."""
    top: tuple[tuple[Scalar, int], ...] = ()
    """The most frequent values of a column with few, and how often each stands there."""
    examples: tuple[Scalar, ...] = ()
    """A few values, of as many forms as there are."""
    orphans: int | None = None
    """Values of a foreign key that name no row."""
    bounded: bool = False
    """`least`, `greatest`, `length_max` and `stored` are of all rows, if fewer were looked at."""
    digits_before: int | None = None
    """Of the largest number, in numbers and in texts that are numbers: before the point."""
    digits_after: int | None = None
    """The most after the point."""


class Meaning(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a column is for: `email`, `money`, `birth_date`, `flag`, …; see `scout.meanings`."""

    semantic: str
    confidence: float
    """From 0 to 1."""
    evidence: tuple[str, ...]
    """Sentences."""
    personal: bool = False
    """Tells of a person."""
    kind: Kind | None = None
    """What the values are in truth, where the declared type says less or something else."""


class ColumnNotes(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What Scout found out about one column."""

    profile: Profile
    meaning: Meaning


class Annotated(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A schema with what was found out about it. Columns are named `table.column`."""

    schema: Schema
    columns: dict[str, ColumnNotes]
