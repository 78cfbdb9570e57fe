"""Code that a model wrote, run where it can reach nothing."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

import tenuto
from tenuto import Agent, Fatal, Rejected, SandboxLimits, Tool, Workflow
from tenuto.testing import MockLLM, calls
from tenuto.tools import program, python
from tests.bwrap import needs_bwrap


def run(tool: Tool, **arguments: Any) -> Any:
    return asyncio.run(tool(**tool.bind(arguments)))


def test_a_snippet_gives_its_value() -> None:
    told = run(python(), code="print('so')\nsum(n)", inputs={"n": [1, 2, 3]})

    assert told == {"value": 6, "printed": "so\n"}


def test_a_snippet_that_fails_is_an_answer_with_the_reason() -> None:
    told = run(python(), code="print('so')\n1 / 0")

    assert told["value"] is None
    assert told["printed"] == "so\n"
    assert "ZeroDivisionError" in told["error"]


def test_limits_are_given_as_they_are_or_by_name() -> None:
    for limits in (SandboxLimits(cpu_ms_max=100), {"cpu_ms_max": 100}):
        told = run(python(limits=limits), code="while True: pass")
        assert told["stopped"] == "cpu"


@needs_bwrap
def test_a_program_on_the_list_runs_with_files() -> None:
    tool = program(["sort", "sh"])

    told = run(tool, argv=["sort", "a.txt"], files={"a.txt": "b\na\n"})
    kept = run(
        tool, argv=["sh", "-c", "cat >out; printf '\\377' >raw"], stdin="x", keep=["out", "raw"]
    )

    assert told == {"exit_code": 0, "output": "a\nb\n"}
    assert kept["files"] == {"out": "x", "raw": "(1 bytes that are no text)"}


@needs_bwrap
def test_a_program_that_fails_is_an_answer() -> None:
    told = run(
        program(["sh"], limits={"wall_ms_max": 500}), argv=["sh", "-c", "echo no >&2; exit 3"]
    )

    assert (told["exit_code"], told["error"]) == (3, "no\n")


@pytest.mark.parametrize("argv", [[], ["sh"], ["/usr/bin/sort"], ["sort "], ["../sort"]])
def test_a_program_that_is_not_on_the_list_is_refused(argv: list[str]) -> None:
    with pytest.raises(Fatal, match="is not allowed; these are: sort, uniq"):
        run(program(["sort", "uniq"]), argv=argv)


def test_without_a_sandbox_a_person_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    clerk = Agent("clerk", model="mock:any", tools=[program(["sort"])])
    flow = Workflow("sorting").node("work", agent=clerk)

    async def main() -> str:
        model = MockLLM([calls(("program", {"argv": ["sort"]}))])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow)
            return (await session.wait_until_idle(20)).waiting_for

    assert "apt-get install bubblewrap" in asyncio.run(main())


def test_running_code_changes_nothing_and_takes_a_permission() -> None:
    assert (python().safe, python().permission) == (True, "python:run")
    assert (program(["a"]).safe, program(["a"]).permission) == (True, "program:run")


@pytest.mark.parametrize(
    "make",
    [
        lambda: program([]),
        lambda: program("sort"),
        lambda: python(limits={"cpu": 1}),
        lambda: python(limits={"cpu_ms_max": 0}),
        lambda: python(limits=7),  # type: ignore[arg-type]  # that is the mistake
    ],
)
def test_a_tool_that_cannot_be_made_says_why(make: Callable[[], object]) -> None:
    with pytest.raises(Rejected):
        make()


def test_a_sandbox_that_does_not_exist_is_not_found() -> None:
    with pytest.raises(tenuto.NotFound, match="There are 'monty' and 'bubblewrap'"):
        tenuto.sandbox("docker")  # type: ignore[call-overload]  # that is the mistake
