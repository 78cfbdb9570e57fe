"""The public face: sorted, complete, nothing else, and light until something is asked for."""

import ast
import inspect
import os
import subprocess
import sys
from types import ModuleType

import pytest

import tenuto
from tests.tidy.project import SOURCE, tree_of

FACE = SOURCE / "__init__.py"


def test_the_public_names_are_sorted_and_said_once() -> None:
    assert list(tenuto.__all__) == sorted(set(tenuto.__all__))


def test_every_public_name_is_there() -> None:
    missing = [name for name in tenuto.__all__ if not hasattr(tenuto, name)]

    assert missing == []


def test_a_name_that_is_not_public_is_an_attribute_error_that_names_it() -> None:
    with pytest.raises(AttributeError) as caught:
        getattr(tenuto, "no_such_name")  # noqa: B009  (a plain one is an error to type checkers)

    assert str(caught.value) == "module 'tenuto' has no attribute 'no_such_name'"


def test_nothing_leaks_from_the_face() -> None:
    for name in tenuto.__all__:
        getattr(tenuto, name)

    leaked = [
        name
        for name, value in vars(tenuto).items()
        if not name.startswith("_") and name not in tenuto.__all__ and not is_subpackage(value)
    ]

    assert leaked == [], "import it under an underscore, or from inside a function"
    assert dir(tenuto) == list(tenuto.__all__)


def test_type_checkers_see_the_names_that_python_finds() -> None:
    seen = {
        alias.name: node.module
        for block in ast.walk(tree_of(FACE))
        if isinstance(block, ast.If) and ast.unparse(block.test) == "TYPE_CHECKING"
        for node in block.body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
        if alias.asname == alias.name
    }

    assert seen == dict(tenuto._HOME)
    assert {*tenuto._HOME, "__version__"} == set(tenuto.__all__)


def test_every_public_class_and_function_says_what_it_is() -> None:
    silent = [
        name
        for name in tenuto.__all__
        if callable(value := getattr(tenuto, name)) and not inspect.getdoc(value)
    ]

    assert silent == []


def test_importing_tenuto_loads_nothing_else() -> None:
    program = (
        "import sys\n"
        "before = set(sys.modules)\n"
        "import tenuto\n"
        "print('\\n'.join(sorted(set(sys.modules) - before)))\n"
    )

    loaded = ran(program).stdout.split()

    third_party = {"cel_expr_python", "click", "jsonschema_rs", "msgspec", "rich", "ruamel"}
    heavy = {"asyncio", "inspect", "logging", "sqlite3", "importlib.metadata"}
    assert "tenuto" in loaded
    assert [name for name in loaded if name.split(".")[0] in third_party] == []
    assert [name for name in loaded if name in heavy] == []
    assert [name for name in loaded if name.startswith("tenuto.")] == []


def test_opening_a_database_loads_no_adapter_that_it_does_not_need() -> None:
    program = (
        "import asyncio, sys, tenuto\n"
        "async def main():\n"
        "    async with tenuto.open('memory://'): pass\n"
        "asyncio.run(main())\n"
        "print('\\n'.join(sorted(sys.modules)))\n"
    )

    loaded = ran(program).stdout.split()

    third_party = {"cryptography", "httpx", "mcp", "numpy", "pydantic", "rich", "ruamel"}
    own = {f"tenuto.adapters.{name}" for name in ("offline", "yaml", "mcp", "sqlite_fts", "nemo")}
    assert "tenuto.bootstrap.opening" in loaded
    assert [name for name in loaded if name.split(".")[0] in third_party] == []
    assert [name for name in loaded if name in own] == []


def test_tenuto_refuses_to_run_without_assertions() -> None:
    done = ran("import tenuto", "-O")

    assert done.returncode == 1
    assert "python -O" in done.stderr


def is_subpackage(value: object) -> bool:
    return isinstance(value, ModuleType) and value.__name__.startswith("tenuto.")


def ran(program: str, *flags: str) -> subprocess.CompletedProcess[str]:
    environment = {key: text for key, text in os.environ.items() if not key.startswith("PYTHON")}
    return subprocess.run(
        [sys.executable, *flags, "-c", program],
        check=False,
        capture_output=True,
        text=True,
        env=environment,
    )
