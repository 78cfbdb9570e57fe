"""Sandboxes by name."""

from typing import Literal, overload

from tenuto.core.errors import NotFound
from tenuto.ports.sandbox import ProgramSandbox, SnippetSandbox


@overload
def sandbox(kind: Literal["monty"]) -> SnippetSandbox: ...


@overload
def sandbox(kind: Literal["bubblewrap"]) -> ProgramSandbox: ...


def sandbox(kind: str) -> SnippetSandbox | ProgramSandbox:
    """Return a sandbox: `monty` for snippets of Python, `bubblewrap` for programs.

    What it promises is in `enforces()`. Whether this machine can keep that shows when something is
    run: `SandboxUnavailable` says what is missing; `check()` tells beforehand.

    Raises:
        NotFound: there is no such kind.

    Example:
        limits = tenuto.SandboxLimits(cpu_ms_max=1_000)
        result = await tenuto.sandbox("monty").run("sum(n)", inputs={"n": [1, 2]}, limits=limits)
    """
    if kind == "monty":
        from tenuto.adapters.monty import MontySandbox

        return MontySandbox()
    if kind == "bubblewrap":
        from tenuto.adapters.bubblewrap import BubblewrapSandbox

        return BubblewrapSandbox()
    raise NotFound(what="sandbox", name=kind, hint="There are 'monty' and 'bubblewrap'.")
