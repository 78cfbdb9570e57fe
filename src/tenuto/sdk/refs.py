"""Names under which a definition refers to code: `module:name`."""

from collections.abc import Callable
from typing import Any

from tenuto.core.errors import DefinitionError, Problem


def ref_of(function: Callable[..., Any]) -> str:
    """Return the name by which another process finds `function`.

    A function within a function has one too, but is found only where it was registered.

    Raises:
        DefinitionError: it has no name: a partial, or an object that can be called.
    """
    module = getattr(function, "__module__", None)
    name = getattr(function, "__qualname__", None)
    if not module or not name:
        message = f"{function!r:.80} has no name that a definition could hold."
        hint = "Write a function around it: def work(ctx, …): return …"
        raise DefinitionError([Problem(message=message, hint=hint)])
    return f"{module}:{name}"
