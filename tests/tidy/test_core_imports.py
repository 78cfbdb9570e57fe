"""The core sees data only: what it may import is a list, and what reaches outside is not on it."""

import ast
from typing import Final

from tests.tidy.project import imported_modules, name_of, python_files, tree_of

# Modules that compute from their arguments alone. No clock, no randomness, no files, no network, no
# environment, no logging: a rule that used one would decide differently when a log is replayed.
ALLOWED: Final = frozenset(
    {
        "__future__",
        "abc",
        "array",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "collections.abc",
        "contextlib",
        "copy",
        "dataclasses",
        "decimal",
        "enum",
        "fractions",
        "functools",
        "graphlib",
        "hashlib",
        "heapq",
        "hmac",
        "ipaddress",
        "itertools",
        "json",
        "keyword",
        "math",
        "numbers",
        "operator",
        "re",
        "string",
        "struct",
        "textwrap",
        "types",
        "typing",
        "unicodedata",
    }
)
ALLOWED_PACKAGES: Final = ("msgspec", "tenuto.core")

# Builtins that read or write outside, or run text as code.
BANNED_CALLS: Final = frozenset(
    {"__import__", "breakpoint", "compile", "eval", "exec", "hash", "id", "input", "open", "print"}
)


def test_the_core_imports_only_what_is_on_the_list() -> None:
    files = python_files("src/tenuto/core")

    problems = [
        f"{name_of(path)}:{line}: imports {module!r}"
        for path in files
        for line, module in imported_modules(tree_of(path))
        if not allowed(module)
    ]

    assert len(files) > 3
    assert problems == [], (
        "the core takes time, ids and random numbers from its input, and is given what it needs:\n"
        + "\n".join(problems)
    )


def test_the_core_calls_nothing_that_reaches_outside_or_differs_between_runs() -> None:
    problems = [
        f"{name_of(path)}:{node.lineno}: calls {node.func.id}()"
        for path in python_files("src/tenuto/core")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in BANNED_CALLS
    ]

    assert problems == []


def test_the_core_awaits_nothing() -> None:
    problems = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files("src/tenuto/core")
        for node in ast.walk(tree_of(path))
        if isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.AsyncFor | ast.AsyncWith)
    ]

    assert problems == []


def test_the_list_refuses_clock_randomness_files_and_lookalikes() -> None:
    refused = ["time", "random", "os", "pathlib", "logging", "datetime", "tenuto.corelike", "uuid"]

    assert [module for module in refused if allowed(module)] == []
    assert allowed("msgspec.json")
    assert allowed("tenuto.core.session.events")


def allowed(module: str) -> bool:
    return module in ALLOWED or any(
        module == package or module.startswith(f"{package}.") for package in ALLOWED_PACKAGES
    )
