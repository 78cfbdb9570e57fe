"""What a session of the team is given, and what its parts hand on of it."""

from typing import Any, Final, Literal

import msgspec

from tenuto.teams.migration.plan import OnError

NO_PASSWORD: Final = (
    r"^(?!.*[?&](password|pwd|passwd)=(?!\$\{))"
    r"[a-z0-9+]+://([^:@/]*(:\$\{\w+\})?@)?([^@]*|/.*)$"
)
"""An address whose password, if it has one, is `${NAME}` of the environment: inputs are events, and
no event holds a password."""

THRESHOLD: Final = 0.8
PARALLEL: Final = 2
REPORT_S: Final = 30.0
PATIENCE: Final = "7d"
"""How long a question waits for a person: no wait is without end."""

_ADDRESS: Final = {
    "type": "string",
    "minLength": 1,
    "pattern": NO_PASSWORD,
    # A password may stand in what is refused.
    "writeOnly": True,
}

INPUTS: Final[dict[str, Any]] = {
    "source": {
        **_ADDRESS,
        "description": "What is moved: sqlite:///file, postgresql://user@host/db, mariadb://…, "
        "csv:///folder, parquet:///folder. Write passwords as ${NAME} of the environment.",
    },
    "target": {
        **_ADDRESS,
        "description": "Where to: sqlite, postgresql or mariadb, as the source.",
    },
    "tables": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "Only these tables.",
    },
    "exclude": {
        "type": "array",
        "items": {"type": "string"},
        "default": [],
        "description": "All tables but these.",
    },
    "where": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "default": {},
        "description": "Table to a condition in the SQL of the source: only these rows of it.",
    },
    "names": {
        "enum": ["kept", "lower", "snake"],
        "default": "kept",
        "description": "How tables and columns are called in the target: as they are, in lower "
        "case, or as OrderDate becomes order_date.",
    },
    "dry_run": {
        "type": "boolean",
        "default": False,
        "description": "Make the plan, and write nothing to the target.",
    },
    "approve": {
        "type": "boolean",
        "default": True,
        "description": "Wait until a person has approved the plan. Without it only open questions "
        "wait.",
    },
    "plan": {
        "type": "string",
        "default": "",
        "description": "A plan as YAML, made earlier and maybe edited, in place of a new one.",
    },
    "onto": {
        "type": "boolean",
        "default": False,
        "description": "The target has its schema already: columns are matched to it, and its "
        "tables are filled.",
    },
    "parallel": {
        "type": "integer",
        "minimum": 1,
        "maximum": 32,
        "default": PARALLEL,
        "description": "Ranges of tables that are moved at once.",
    },
    "rate_limit": {
        "type": "integer",
        "minimum": 0,
        "default": 0,
        "description": "Rows read of the source in a second at most; 0: as many as it gives.",
    },
    "max_source_load": {
        "type": "number",
        "minimum": 0,
        "maximum": 32,
        "default": 0,
        "description": "Reads of the source at work at a time on average, at most: 0.5 is one read "
        "half of the time. A source that answers slowly is asked less. 0: no limit.",
    },
    "window": {
        "type": "string",
        "default": "",
        "description": "Rows are moved at this time of day alone, as 22:00-05:00 Europe/Madrid.",
    },
    "deadline": {
        "type": "string",
        "default": "",
        "description": "When all rows are to be there: 2026-12-01T06:00:00+01:00, or 6h after the "
        "start. When it passes a person is asked.",
    },
    "report_seconds": {
        "type": "number",
        "minimum": 0.05,
        "maximum": 3600,
        "default": REPORT_S,
        "description": "How often workers report, at least; long migrations have longer rounds.",
    },
    "on_error": {
        "enum": ["quarantine", "stop"],
        "default": "quarantine",
        "description": "What becomes of rows that the target does not take: they are put aside "
        "with their reasons, or the migration stops.",
    },
    "on_failure": {
        "enum": ["keep", "roll_back"],
        "default": "keep",
        "description": "What becomes of the target when the migration fails for good: what was "
        "moved is kept, or everything is taken back; rows in quarantine stay.",
    },
    "mask": {
        "type": "object",
        "additionalProperties": {"type": "string"},
        "default": {},
        "description": "Semantic type to mask, as email: hash.",
    },
    "threshold": {
        "type": "number",
        "minimum": 0,
        "maximum": 1,
        "default": THRESHOLD,
        "description": "Mappings of less confidence are looked at again, or asked about.",
    },
    "workload": {
        "type": "string",
        "default": "",
        "description": "A file of queries, or a log, that source and target must answer alike.",
    },
    "learn": {
        "type": "boolean",
        "default": True,
        "description": "Add what the migration teaches to the pattern library of this machine.",
    },
    "report": {
        "type": "string",
        "default": "",
        "description": "A file for the report, as HTML.",
    },
}


class Options(msgspec.Struct, frozen=True, kw_only=True):
    """The inputs of a session."""

    source: str
    target: str
    tables: tuple[str, ...] = ()
    exclude: tuple[str, ...] = ()
    where: dict[str, str] = {}
    names: Literal["kept", "lower", "snake"] = "kept"
    dry_run: bool = False
    approve: bool = True
    plan: str = ""
    onto: bool = False
    parallel: int = PARALLEL
    rate_limit: int = 0
    max_source_load: float = 0.0
    window: str = ""
    deadline: str = ""
    report_seconds: float = REPORT_S
    on_error: OnError = "quarantine"
    on_failure: Literal["keep", "roll_back"] = "keep"
    mask: dict[str, str] = {}
    threshold: float = THRESHOLD
    workload: str = ""
    learn: bool = True
    report: str = ""


def options_from(given: dict[str, Any]) -> Options:
    """Return the inputs of a session as options; they were checked when it was started."""
    return msgspec.convert(given, Options)
