"""What an agent's refs name is looked up once, and again when the code behind a name changes."""

from collections.abc import Callable

import pytest

import tenuto
from tenuto.runtime.code import Code, CodeNotFound
from tenuto.runtime.toolbox import Toolbox


def greeter(word: str) -> tenuto.Tool:
    def greet() -> str:
        return word

    return tenuto.tool(greet)


def said(toolbox: Toolbox, *refs: str) -> list[object]:
    functions: list[Callable[..., object]] = [tool.function for tool in toolbox.named(refs).tools]
    return [function() for function in functions]


def test_what_the_same_refs_name_is_looked_up_once() -> None:
    code = Code()
    code.register({"m:a": greeter("a"), "m:b": greeter("b")})
    toolbox = Toolbox(code)

    named = toolbox.named(("m:a", "shop.*", "m:b"))

    assert [spec.name for spec in named.specs] == ["greet", "greet"]
    assert named.by_name["greet"] is named.tools[0]
    assert named.patterns == ("shop.*",)
    assert toolbox.named(("m:a", "shop.*", "m:b")) is named


def test_code_that_is_registered_later_takes_the_place_of_what_the_name_stood_for() -> None:
    code = Code()
    code.register({"m:a": greeter("old"), "m:b": greeter("b")})
    toolbox = Toolbox(code)
    before = said(toolbox, "m:a"), said(toolbox, "m:b")

    code.register({"m:a": greeter("new")})

    assert before == (["old"], ["b"])
    assert said(toolbox, "m:a") == ["new"]
    assert said(toolbox, "m:b") == ["b"]


def test_a_name_of_a_source_is_code_once_such_code_is_registered() -> None:
    code = Code()
    toolbox = Toolbox(code)
    before = toolbox.named(("shop.price",))

    code.register({"shop.price": greeter("three")})

    assert (before.tools, before.patterns) == ((), ("shop.price",))
    assert said(toolbox, "shop.price") == ["three"]


def test_code_that_was_not_found_is_looked_for_again() -> None:
    code = Code()
    toolbox = Toolbox(code)
    with pytest.raises(CodeNotFound):
        toolbox.named(("nowhere:a",))

    code.register({"nowhere:a": greeter("here")})

    assert said(toolbox, "nowhere:a") == ["here"]
