"""What a question for sessions means as SQL over the table `sessions`."""

from typing import Final, TypeAlias

from tenuto.adapters.tables.waits import mask_of
from tenuto.ports.event_store import HeadQuery

Conditions: TypeAlias = tuple[list[str], list[str | int]]
"""Terms to be joined by AND, and the values of their marks, in order."""

_SURROGATES: Final = range(0xD800, 0xE000)
_LAST: Final = 0x10FFFF


def conditions_of(query: HeadQuery) -> Conditions:
    """Return all that the query asks for, but for the page."""
    terms, values = facts_of(query)
    if query.text:
        id_terms, id_values = begins("id", query.text)
        key_terms, key_values = begins("key", query.text)
        terms.append(
            f"(({' AND '.join(id_terms)}) OR ({' AND '.join(key_terms)}) OR instr(workflow, ?) > 0)"
        )
        values += [*id_values, *key_values, query.text]
    if query.tenant is not None:
        terms.append("tenant = ?")
        values.append(query.tenant)
    if query.user is not None:
        terms.append("user = ?")
        values.append(query.user)
    if query.statuses:
        terms.append(f"status IN ({','.join('?' * len(query.statuses))})")
        values += query.statuses
    if query.workflow is not None:
        terms.append("workflow = ?")
        values.append(query.workflow)
    if query.roots:
        terms.append("parent IS NULL")
    return terms, values


def facts_of(query: HeadQuery) -> Conditions:
    """Return what the query asks for beside tenant, user, statuses, workflow, roots and text."""
    terms: list[str] = []
    values: list[str | int] = []
    if query.parent is not None:
        terms.append("parent = ?")
        values.append(query.parent)
    if query.key is not None:
        terms.append("key = ?")
        values.append(query.key)
    if query.active is not None:
        # Written out, not bound: only so does SQLite see that the partial index serves.
        terms.append("active = 1" if query.active else "active = 0")
    if query.wake_before_ms is not None:
        terms.append("wake_ms < ?")
        values.append(query.wake_before_ms)
    if query.since_ms is not None:
        terms.append("started_ms >= ?")
        values.append(query.since_ms)
    if query.until_ms is not None:
        terms.append("started_ms < ?")
        values.append(query.until_ms)
    if query.words:
        terms.append(f"({' OR '.join(['instr(waiting_for, ?) > 0'] * len(query.words))})")
        values += query.words
    if query.waits_for:
        terms.append(f"(waits & {mask_of(query.waits_for)}) <> 0")
    if query.prefix:
        more, given = begins("id", query.prefix)
        terms += more
        values += given
    return terms, values


def begins(column: str, text: str) -> Conditions:
    """Return that a text column begins so, as a range that an index serves."""
    end = beyond(text)
    if end:
        return [f"{column} >= ?", f"{column} < ?"], [text, end]
    return [f"{column} >= ?"], [text]


def beyond(text: str) -> str:
    """Return the first text after all that begin so, in the order of code points; empty: none."""
    while text:
        code = ord(text[-1]) + 1
        if code in _SURROGATES:
            code = _SURROGATES.stop
        if code <= _LAST:
            return text[:-1] + chr(code)
        text = text[:-1]
    return ""
