"""What was said in a session, entry by entry, as text."""

from typing import Final, assert_never

import click

from tenuto.cli.printing import faint, show
from tenuto.core.agent.messages import Usage
from tenuto.core.vocabulary import Json
from tenuto.views.excerpts import call_text, excerpt
from tenuto.views.messages import Answered, Asked, Decided, Message, Put, Returned, Signalled
from tenuto.views.told import Read, Told, Unread

_LINES_MAX: Final = 12
_WIDTH: Final = 160
"""Entries are cut to so much; `--messages --json` has them whole."""


def show_message(message: Message) -> None:
    """Print one entry: who, where, and what."""
    show(f"{faint(f'{message.version:>5}')}  {_headline(message)}")
    for line in _lines(message):
        show(f"       {line}")


def _headline(message: Message) -> str:
    match message:
        case Asked():
            origin = f"forked from {message.origin}" if message.origin else "asked"
            return click.style(origin, bold=True)
        case Answered():
            name = click.style(message.agent, fg="cyan", bold=True)
            return f"{name} {faint(f'{message.path}, turn {message.turn}{_used(message.usage)}')}"
        case Returned():
            call = call_text(message.tool, message.arguments, 100)
            mark = click.style(
                "✗" if message.error else "✓", fg="red" if message.error else "green"
            )
            return f"  {mark} {call} {faint(message.path)}"
        case Put():
            return f"  {click.style(message.kind, fg='yellow')} {faint(message.path)}"
        case Signalled():
            return f"{click.style('signal', bold=True)} {message.name}{_by(message.by)}"
        case Decided():
            word = "approved" if message.approved else "denied"
            return f"{click.style(word, bold=True)} {message.path}{_by(message.by)}"
        case Told():
            return _told(message)
        case Read():
            numbers = ", ".join(map(str, message.messages))
            name = click.style(message.agent, fg="cyan", bold=True)
            return f"{name} reads {numbers} {faint(message.path)}"
        case Unread():
            return click.style("never read", fg="yellow")
        case _:
            assert_never(message)


def _told(message: Told) -> str:
    """Return who writes to whom, in which way, under which number."""
    name, to = click.style(message.agent, fg="cyan", bold=True), ", ".join(message.to) or "nobody"
    if message.error:
        return f"  {click.style('✗', fg='red')} {name} to {to} {faint(message.path)}"
    kind = f"response to {message.answers}" if message.answers else message.kind
    return f"{name} to {to}: {kind} {message.message} {faint(message.path)}"


def _lines(message: Message) -> list[str]:
    match message:
        case Asked():
            return _cut(message.inputs) if message.inputs else []
        case Answered():
            said: Json = message.text if message.data is None else message.data
            lines = [f"{faint('remembers:')} {_field(one.text)}" for one in message.recalled]
            lines += _cut(said) if said else []
            lines += [
                f"→ {call_text(wish.tool, wish.arguments, 100)}"
                for wish in message.calls
                if not wish.is_message
            ]
            return lines + ([f"misses its schema: {message.fault}"] if message.fault else [])
        case Returned():
            return [message.error] if message.error else _cut(message.value)
        case Put() | Signalled():
            return _cut(message.data) if message.data is not None else []
        case Decided():
            return [message.note] if message.note else []
        case Told():
            return [message.error] if message.error else _cut(message.text)
        case Read():
            return []
        case Unread():
            return [f"{no} by {', '.join(names)}" for no, names in message.messages.items()]
        case _:
            assert_never(message)


def _cut(value: Json) -> list[str]:
    """Return a payload in at most so many lines, each of one field, item or line of text."""
    match value:
        case dict():
            lines = [f"{faint(name + ':')} {_field(part)}" for name, part in value.items()]
        case list():
            lines = [f"{faint('-')} {_field(part)}" for part in value]
        case str():
            lines = value.splitlines()
        case _:
            lines = [excerpt(value)]
    if len(lines) <= _LINES_MAX:
        return lines
    return [*lines[:_LINES_MAX], faint(f"… {len(lines) - _LINES_MAX:,} more")]


def _field(value: Json) -> str:
    return excerpt(value, _WIDTH)


def _used(usage: Usage) -> str:
    if not usage.input_tokens + usage.output_tokens:
        return ""
    return f", {usage.input_tokens:,} + {usage.output_tokens:,} tokens"


def _by(by: str) -> str:
    return f" by {by}" if by else ""
