"""Sizes have a limit each; a recorded exception may shrink, and never grow.

Source: the size limits of CONTRIBUTING.md. The records stand in `size_exceptions.toml`.
"""

import ast
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tests.tidy.project import ROOT, committed_files, name_of, python_files, tree_of

RECORDS: Final = Path(__file__).with_name("size_exceptions.toml")

LIMITS: Final = {
    "module_lines": 600,
    "function_lines": 70,
    "function_parameters": 5,
    "class_lines": 300,
    "class_methods": 15,
    "test_file_lines": 800,
    "adr_lines": 45,
}

METHODS: Final = {"get", "post", "put", "patch", "delete"}
"""Decorators of routes."""

CODE: Final = ("src", "bench", "scripts", "examples")


def test_nothing_outgrows_its_limit_or_its_record() -> None:
    records = recorded()

    problems = [
        f"{where}: {kind} is {found}, at most {records.get(kind, {}).get(where, LIMITS[kind])}"
        for kind, where, found in measured()
        if found > records.get(kind, {}).get(where, LIMITS[kind])
    ]

    assert problems == [], "split these, by responsibility:\n" + "\n".join(problems)


def test_a_record_that_is_no_longer_needed_is_taken_down() -> None:
    found = {(kind, where): size for kind, where, size in measured()}

    problems = [
        f"{kind} of {where}: recorded {size}, found {found.get((kind, where), 0)}"
        for kind, sizes in recorded().items()
        for where, size in sizes.items()
        if found.get((kind, where), 0) < size
    ]

    assert problems == [], f"lower or remove these in {RECORDS.name}:\n" + "\n".join(problems)


def test_the_number_of_records_never_grows() -> None:
    document = tomllib.loads(RECORDS.read_text("utf-8"))

    count = sum(len(sizes) for sizes in recorded().values())

    assert count == document["records_max"], (
        f"{RECORDS.name} holds {count} records and says {document['records_max']}: "
        "take the number down with the record. It goes up only with a reason in the commit."
    )


def test_the_measure_counts_what_it_says() -> None:
    tree = ast.parse(
        "class A:\n"
        "    def one(self, a, b, *, c):\n"
        "        pass\n"
        "    async def two(self):\n"
        "        def inner(x):\n"
        "            return x\n"
        "@get('/x')\n"
        "def route(a, b): ...\n"
        "@staticmethod\n"
        "def outside(): ...\n"
    )

    sizes = set(sizes_in(tree, where="m"))

    assert ("class_lines", "m:A", 6) in sizes
    assert ("class_methods", "m:A", 2) in sizes
    assert ("function_lines", "m:A.one", 2) in sizes
    assert ("function_parameters", "m:A.one", 3) in sizes
    assert ("function_parameters", "m:A.two", 0) in sizes
    assert ("function_lines", "m:A.two.inner", 2) in sizes
    assert ("function_lines", "m:outside", 2) in sizes
    assert ("function_lines", "m:route", 2) in sizes
    assert not any(place == "m:route" for kind, place, _ in sizes if kind == "function_parameters")


def measured() -> Iterator[tuple[str, str, int]]:
    """Yield kind, place and size of everything that has a limit."""
    for path in python_files(*CODE):
        yield "module_lines", name_of(path), line_count(path)
        yield from sizes_in(tree_of(path), where=name_of(path))
    for path in python_files("tests"):
        yield "test_file_lines", name_of(path), line_count(path)
        for kind, where, size in sizes_in(tree_of(path), where=name_of(path)):
            if kind == "function_lines":
                yield kind, where, size
    for path in committed_files():
        if path.parent == ROOT / "docs" / "adr":
            yield "adr_lines", name_of(path), line_count(path)


def sizes_in(tree: ast.AST, *, where: str, inside: str = "") -> Iterator[tuple[str, str, int]]:
    for node in ast.iter_child_nodes(tree):
        if not isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            yield from sizes_in(node, where=where, inside=inside)
            continue
        name = f"{inside}.{node.name}" if inside else node.name
        place = f"{where}:{name}"
        if isinstance(node, ast.ClassDef):
            yield "class_lines", place, lines_of(node)
            yield "class_methods", place, method_count(node)
        else:
            yield "function_lines", place, lines_of(node)
            if not is_route(node):
                yield "function_parameters", place, parameter_count(node)
        yield from sizes_in(node, where=where, inside=name)


def lines_of(node: ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
    assert node.end_lineno is not None
    return node.end_lineno - first + 1


def method_count(node: ast.ClassDef) -> int:
    return sum(isinstance(part, ast.FunctionDef | ast.AsyncFunctionDef) for part in node.body)


def parameter_count(node: ast.FunctionDef | ast.AsyncFunctionDef) -> int:
    arguments = [*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs]
    if arguments and arguments[0].arg in {"self", "cls"}:
        arguments = arguments[1:]
    return len(arguments)


def is_route(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    """Return whether it answers requests: no code calls it, and each parameter is one of the API's,
    with its name and type in the description."""
    called = [part.func for part in node.decorator_list if isinstance(part, ast.Call)]
    return any(isinstance(part, ast.Name) and part.id in METHODS for part in called)


def line_count(path: Path) -> int:
    return len(path.read_text("utf-8").splitlines())


def recorded() -> dict[str, dict[str, int]]:
    document = tomllib.loads(RECORDS.read_text("utf-8"))
    return {kind: document.get(kind, {}) for kind in LIMITS}
