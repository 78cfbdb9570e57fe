"""A folder of NeMo Guardrails as a guard function: its input rails look at what goes in, its output
rails at what comes out."""

import asyncio
import importlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from tenuto.core.agent.guards import GuardContext, Verdict
from tenuto.core.errors import Fatal
from tenuto.core.guarding.texts import with_texts
from tenuto.core.vocabulary import Json

_COMING_OUT: Final = frozenset({"after_model", "output"})


class NemoRails:
    """Asks the rails of one configuration, which is loaded once, when it is first needed."""

    def __init__(self, folder: str | Path) -> None:
        self._folder = Path(folder)
        self._rails: Any = None
        self._loading = asyncio.Lock()

    async def __call__(self, value: Json, ctx: GuardContext) -> Verdict:
        """Return what the rails say of each text of the value.

        Raises:
            Fatal: the library is not installed.
        """
        rails = await self._loaded()
        kind = "output" if ctx.border in _COMING_OUT else "input"
        if not getattr(rails.config.rails, kind).flows:
            return Verdict.block(f"the configuration has no {kind} rails, and is to guard it")
        changed: dict[str, str] = {}
        for text in dict.fromkeys(_told(value)):
            result = await rails.check_async(_as_messages(text, kind), [_rail_type(kind)])
            if result.status == "blocked":
                return Verdict.block(
                    f"rail {result.rail or 'without a name'!r} does not let it pass"
                )
            if result.status == "modified":
                changed[text] = result.content
        if not changed:
            return Verdict.passes()
        rewritten = with_texts(value, lambda text: changed.get(text, text))
        return Verdict.rewrite(rewritten, "the rails rewrote it")

    async def _loaded(self) -> Any:
        async with self._loading:
            if self._rails is None:
                self._rails = await asyncio.to_thread(_load, self._folder)
        return self._rails


def _load(folder: Path) -> Any:
    # The library reports its use to its vendor; who wants that sets the variable to 0.
    os.environ.setdefault("NEMO_GUARDRAILS_NO_USAGE_STATS", "1")
    try:
        nemo = importlib.import_module("nemoguardrails")
    except ImportError as error:
        raise Fatal(
            f'NeMo Guardrails cannot be loaded ({error}). Install it: pip install "tenuto[nemo]".',
            code="no_rails",
        ) from None
    return nemo.LLMRails(nemo.RailsConfig.from_path(str(folder)))


def _rail_type(kind: str) -> Any:
    return importlib.import_module("nemoguardrails.rails.llm.options").RailType(kind)


def _as_messages(text: str, kind: str) -> list[dict[str, str]]:
    if kind == "input":
        return [{"role": "user", "content": text}]
    return [{"role": "user", "content": ""}, {"role": "assistant", "content": text}]


def _told(value: Json) -> Iterator[str]:
    """Return the texts of a value that are not names of members."""
    if isinstance(value, str):
        if value.strip():
            yield value
    elif isinstance(value, list):
        for item in value:
            yield from _told(item)
    elif isinstance(value, dict):
        for item in value.values():
            yield from _told(item)
