"""The public face of Tenuto: each name below, loaded when it is first asked for.

`import tenuto` itself loads nothing else, so a script that only wants one name pays for that one.
A new name goes into `_HOME`, into the block for type checkers and into `__all__`;
tests/tidy/test_face.py holds the three together.
"""

from importlib import import_module
from typing import Final

if not __debug__:
    raise ImportError(
        "Tenuto does not run under 'python -O' (or with PYTHONOPTIMIZE set): its assertions guard "
        "the log. Start Python without it."
    )

__all__ = ["__version__"]

# Where each public name lives.
_HOME: Final[dict[str, str]] = {}


def __getattr__(name: str) -> object:
    if name == "__version__":
        value: object = import_module("importlib.metadata").version("tenuto")
    elif name in _HOME:
        value = getattr(import_module(_HOME[name]), name)
    else:
        raise AttributeError(f"module 'tenuto' has no attribute {name!r}")
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
