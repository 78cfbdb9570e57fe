"""The plan object: what is made of each table and column, in which steps, and who decided it.

The cognitive agents make it, people may edit it as YAML (`planfile.py`), and nothing is written to
a target that its plan does not say. It is data alone: the same plan does the same.
"""

from typing import Final, Literal

import msgspec

from tenuto.teams.migration.schema import Kind, Scalar, System

FORMAT: Final = 1

OnError = Literal["quarantine", "stop"]


class Change(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One step of what becomes of a value; `moving.changes` has what each `do` does."""

    do: str
    """
    | do | options | what becomes of a value |
    | --- | --- | --- |
    | `trim`, `lower`, `upper`, `normalize` | | the text, tidied |
    | `null_if` | `values` | none, where it is one of these texts |
    | `default` | `value` | this, where there is none |
    | `date`, `timestamp` | `formats` of strptime | by the first that fits |
    | `epoch` | `unit`: s, ms, us | a number since 1970 in UTC, as a moment |
    | `boolean` | `true`, `false` | by these words, in any case; not given: those known |
    | `decimal` | `decimal`: `.` or `,` | a text as a number, without currency and thousands |
    | `divide` | `by`, a power of ten | cents become money |
    | `latin1` | | bytes that are no UTF-8, read as Windows-1252 |
    | `truncate` | `length` | the first characters |
    | `replace`, `translate` | `old` or `pattern`, `new`; `from`, `to` | other words |
    | `text`, `cast` | `kind` | the same in another kind |
    | `mask` | `how`: null, hash, shape, partial, year | out of sight |
    | `join`, `coalesce` | `separator` | of `sources`: all together, or the first there is |
    | `split` | `separator`, `part`, `limit` | one part, from 0; -1 is the last |
    """
    options: dict[str, Scalar | list[Scalar]] = {}


class Alternative(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Another way to map a column, and what it would mean."""

    kind: Kind
    type: str
    precision: int | None = None
    scale: int | None = None
    changes: tuple[Change, ...] = ()
    confidence: float
    reasons: tuple[str, ...]
    consequences: str = ""
    source: str | None = None
    """Of a target that is there already: the column it is made of then; None: the same as now."""
    sources: tuple[str, ...] = ()


class ColumnPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a column of the target is made of."""

    name: str
    """In the target."""
    source: str | None
    """The column of the source; None: of several, or of none."""
    sources: tuple[str, ...] = ()
    """Of several columns (n:1): joined by `join` in `changes`."""
    type: str
    """As the target declares it."""
    kind: Kind
    scale: int | None = None
    """Digits after the point, of a decimal."""
    precision: int | None = None
    nullable: bool = True
    default: str | None = None
    """In the SQL of the target."""
    counts: bool = False
    """Numbers itself."""
    next: int | None = None
    """Of one that numbers itself: what comes next at least, where the source has counted on."""
    generated: str | None = None
    """It is computed by this expression, in the SQL of the target: no value is loaded."""
    collation: str | None = None
    """In the words of the target."""
    changes: tuple[Change, ...] = ()
    semantic: str = ""
    confidence: float = 1.0
    reasons: tuple[str, ...] = ()
    alternatives: tuple[Alternative, ...] = ()
    decided_by: str = ""
    """`rules`, `model`, `person`, `library`."""

    @property
    def is_masked(self) -> bool:
        """Whether its values are out of sight in the target."""
        return any(change.do == "mask" for change in self.changes)


class KeyPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A foreign key of the target."""

    name: str
    columns: tuple[str, ...]
    table: str
    named: tuple[str, ...]
    on_delete: str = "NO ACTION"
    on_update: str = "NO ACTION"
    deferred: bool = False
    """It closes a cycle: checked at commit, where the target can."""


class IndexPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An index of the target."""

    name: str
    parts: tuple[str, ...]
    unique: bool = False
    where: str | None = None


class TablePlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What becomes of a table."""

    name: str
    """In the target."""
    source: str
    columns: tuple[ColumnPlan, ...]
    key: tuple[str, ...] = ()
    """The primary key, by names of the target."""
    by: tuple[str, ...] = ()
    """The columns of the source by whose order it is read in batches; none: by SQLite's rowid, or
    as one range."""
    where: str | None = None
    """A condition in the SQL of the source: only these rows."""
    foreign_keys: tuple[KeyPlan, ...] = ()
    indexes: tuple[IndexPlan, ...] = ()
    checks: dict[str, str] = {}
    """Name to condition, in the SQL of the target."""
    level: int = 0
    """Tables of a level name only tables of lower ones, but for cycles."""
    batch_rows: int = 50_000
    ranges: int = 1
    """How many ranges of the key are moved at once."""
    rows: int | None = None
    """How many are expected."""
    seconds: float | None = None
    """How long moving it is expected to take."""
    bytes: int | None = None
    on_error: OnError = "quarantine"
    rollback: str = "drop"
    """What undoes it: `drop` the table, or `delete` the rows that it brought."""


class ViewPlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A view of the target; `query` None: nobody could translate it, `note` says why."""

    name: str
    query: str | None
    source_query: str
    changed: dict[str, str] = {}
    """Columns of the result that show values which become others, and the `table.column` of the
    source whose `changes` do that; empty: they are computed from such a one."""
    note: str = ""


class SequencePlan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A counter of the target that belongs to no column."""

    name: str
    source: str
    next: int
    """What it gives next."""


class Question(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Something that a person has to decide, or has decided."""

    id: str
    """`table.column`, of the source; of the target, where that is there already."""
    text: str
    choices: tuple[str, ...]
    preview: tuple[tuple[Scalar, ...], ...] = ()
    """Rows: the value of the source, then what each choice makes of it."""
    consequences: tuple[str, ...] = ()
    answer: str | None = None


class Plan(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that a migration will do."""

    format: int = FORMAT
    revision: int = 1
    source: str
    """Its address, without a password."""
    target: str
    source_system: System
    target_system: System
    tables: tuple[TablePlan, ...]
    views: tuple[ViewPlan, ...] = ()
    sequences: tuple[SequencePlan, ...] = ()
    left_out: dict[str, str] = {}
    """What is not moved, and why: tables, triggers, checks."""
    questions: tuple[Question, ...] = ()
    threshold: float = 0.8
    """Mappings of less confidence are resolved or asked about."""
    masks: dict[str, str] = {}
    """Semantic type to the mask for it."""
    parallel: int = 2
    rate_limit: int | None = None
    """Rows of the source read in a second, at most."""
    onto: bool = False
    """The target has these tables already: they are filled, and none is made. `columns` are all
    that they have; those without `source` get nothing."""

    def table(self, name: str) -> TablePlan:
        """Return what becomes of the table of a name in the target; raises KeyError."""
        return {table.name: table for table in self.tables}[name]
