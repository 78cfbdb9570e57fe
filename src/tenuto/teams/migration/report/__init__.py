"""A migration as a report: a page that stands alone, Markdown, and its outcome in words. May import
the plan, the schema and what KORA found."""

from importlib import import_module
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tenuto.teams.migration.report.facts import Facts as Facts
    from tenuto.teams.migration.report.outcome import account as account
    from tenuto.teams.migration.report.page import html as html
    from tenuto.teams.migration.report.text import markdown as markdown

_PLACES: Final = {"account": "outcome", "Facts": "facts", "html": "page", "markdown": "text"}


def __getattr__(name: str) -> object:
    if name not in _PLACES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_PLACES[name]}"), name)
