"""Rows of `agents`: from the definitions that sessions run under, and from the registry's records.

An agent is named by its name, which is unique in its tenant. One that is registered is as its
record says, whatever sessions bring; another is as the session that started last has it.
"""

from typing import Final

import msgspec

from tenuto.core.tables import Change, Row
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.core.workflow.model import AgentDefinition
from tenuto.views.moments import moment_text
from tenuto.views.tables.json_text import json_text

_SAME: Final = ("type", "description", "capabilities", "configuration", "is_active", "version")
"""What an agent's row says of the agent; the rest says when, and how it is known."""


def seen_agent(
    old: Row | None, agent: AgentDefinition, *, tenant: str, at_ms: int
) -> Change | None:
    """Return what a session that runs `agent` makes of its row; None: it stays as it is."""
    if old is not None and old["is_registered"]:
        return None
    configuration: Json = msgspec.to_builtins(agent)
    assert isinstance(configuration, dict), "a struct is an object"
    row = _row(agent.name, tenant, configuration, at_ms=at_ms)
    if old is not None:
        if all(old[name] == row[name] for name in _SAME):
            return None
        row["created_at"] = old["created_at"]
    return _whole(row)


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """What the registry says of an agent from now on."""

    tenant: str
    name: str
    version: int
    at_ms: int
    after: JsonObject | None
    """Its record: the agent's `definition`, and beside it its `capabilities` and `is_active`. None:
    it was taken out of the registry."""


def registered_agent(old: Row | None, entry: Registered) -> Change | None:
    """Return what the registry makes of an agent's row; None: it stays as it is.

    Who is taken out stays in the table, and is no longer active."""
    if entry.after is None:
        if old is None or not old["is_registered"]:
            return None
        return _whole({**old, "is_active": 0, "updated_at": moment_text(entry.at_ms)})
    definition = entry.after.get("definition", entry.after)
    assert isinstance(definition, dict), "a definition is an object"
    row = _row(entry.name, entry.tenant, definition, at_ms=entry.at_ms)
    row |= {
        "is_registered": 1,
        "is_active": int(entry.after.get("is_active", True) is not False),
        "version": str(entry.version),
    }
    if "capabilities" in entry.after:
        row["capabilities"] = json_text(entry.after["capabilities"])
    if old is not None and old["is_registered"]:
        row["created_at"] = old["created_at"]
    return _whole(row)


def _row(name: str, tenant: str, value: JsonObject, *, at_ms: int) -> Row:
    moment = moment_text(at_ms)
    return {
        "id": name,
        "tenant": tenant,
        "name": name,
        "type": _text(value.get("role")),
        "description": _text(value.get("description")),
        "capabilities": json_text(value.get("tools", [])),
        "configuration": json_text(value),
        "is_active": 1,
        "is_registered": 0,
        "created_at": moment,
        "updated_at": moment,
        "version": _text(value.get("version", "1")),
    }


def _text(value: Json) -> str:
    return value if isinstance(value, str) else "" if value is None else json_text(value)


def _whole(row: Row) -> Change:
    key = (str(row["tenant"]), str(row["id"]))
    return Change(table="agents", key=key, values=row, whole=True)
