"""Who catches everything hides a bug: the one place that has to is on a list."""

import ast
from pathlib import Path
from typing import Final

from tests.tidy.project import name_of, python_files, tree_of

ALLOWED: Final = Path(__file__).with_name("broad_excepts.txt")
BROAD: Final = frozenset({"Exception", "BaseException"})


def test_only_listed_modules_catch_every_exception() -> None:
    catching = modules_that_swallow()

    assert sorted(catching - listed()) == [], (
        "name the exceptions you expect, or raise again; "
        f"a module that must go on after anything is listed, with its reason, in {ALLOWED.name}"
    )


def test_the_list_holds_no_module_that_does_not_need_it() -> None:
    assert sorted(listed() - modules_that_swallow()) == []


def test_a_handler_that_raises_again_swallows_nothing() -> None:
    kept = "try:\n    f()\nexcept BaseException:\n    clean()\n    raise\n"
    bare = "try:\n    f()\nexcept:\n    pass\n"
    one_of_two = "try:\n    f()\nexcept (ValueError, Exception) as error:\n    log(error)\n"
    narrow = "try:\n    f()\nexcept ValueError:\n    pass\n"

    assert not swallows(ast.parse(kept))
    assert swallows(ast.parse(bare))
    assert swallows(ast.parse(one_of_two))
    assert not swallows(ast.parse(narrow))


def modules_that_swallow() -> set[str]:
    return {name_of(path) for path in python_files("src") if swallows(tree_of(path))}


def swallows(tree: ast.AST) -> bool:
    return any(
        isinstance(node, ast.ExceptHandler)
        and catches_everything(node.type)
        and not isinstance(node.body[-1], ast.Raise)
        for node in ast.walk(tree)
    )


def catches_everything(caught: ast.expr | None) -> bool:
    if caught is None:
        return True
    if isinstance(caught, ast.Tuple):
        return any(catches_everything(part) for part in caught.elts)
    return isinstance(caught, ast.Name) and caught.id in BROAD


def listed() -> set[str]:
    lines = ALLOWED.read_text("utf-8").splitlines()
    return {line.split("#")[0].strip() for line in lines if line.split("#")[0].strip()}
