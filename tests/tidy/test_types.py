"""What the type checkers do not say themselves: where `Any` may stand, and who imports the face."""

import ast
import re
from typing import Final

from tests.tidy.project import imported_modules, name_of, python_files, tree_of

FULLY_TYPED: Final = ("src/tenuto/core", "src/tenuto/ports", "src/tenuto/views")
BELOW_THE_FACE: Final = tuple(
    f"src/tenuto/{layer}"
    for layer in ("core", "codec", "views", "ports", "runtime", "sdk", "adapters")
)
SUPPRESSION: Final = re.compile(r"#\s*(?:type: ignore|noqa)")
WITH_RULE_AND_REASON: Final = re.compile(
    r"#\s*(?:type: ignore\[[\w-]+(?:, ?[\w-]+)*\]|noqa: [A-Z]+\d+(?:, ?[A-Z]+\d+)*)\s+[#(]\s*\w"
)


def test_core_ports_and_views_do_not_use_any() -> None:
    problems = [
        f"{name_of(path)}:{node.lineno}"
        for path in python_files(*FULLY_TYPED)
        for node in ast.walk(tree_of(path))
        if (isinstance(node, ast.ImportFrom) and any(alias.name == "Any" for alias in node.names))
        or (isinstance(node, ast.Attribute) and node.attr == "Any")
    ]

    assert problems == [], "say what it is; for JSON there is `Json` in tenuto.core.vocabulary"


def test_each_suppression_names_its_rule_and_its_reason() -> None:
    problems = [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in python_files("src")
        for number, line in enumerate(path.read_text("utf-8").splitlines(), start=1)
        if SUPPRESSION.search(line) and not WITH_RULE_AND_REASON.search(line)
    ]

    assert problems == [], "write `# type: ignore[rule]  # why` or `# noqa: RULE  (why)`"


def test_nothing_below_the_face_imports_the_face() -> None:
    problems = [
        f"{name_of(path)}:{line}"
        for path in python_files(*BELOW_THE_FACE)
        for line, module in imported_modules(tree_of(path))
        if module == "tenuto"
    ]

    assert problems == [], "import the module that the name lives in"
