"""Without its package the sandbox refuses, and says what to do."""

import asyncio
import sys

import pytest

from tenuto.adapters.monty import MontySandbox
from tenuto.ports.sandbox import SandboxLimits, SandboxUnavailable


def test_a_missing_package_is_named_with_the_way_to_install_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pydantic_monty", None)

    with pytest.raises(SandboxUnavailable) as caught:
        asyncio.run(MontySandbox().run("1", limits=SandboxLimits()))

    assert "'monty' cannot run here" in str(caught.value)
    assert 'pip install "tenuto[monty]"' in str(caught.value)


def test_what_kills_the_interpreter_itself_is_told() -> None:
    tight = SandboxLimits(memory_bytes_max=20_000_000)

    result = asyncio.run(MontySandbox().run("[1] * 10_000_000", limits=tight))

    assert (result.exit_code, result.stopped) == (1, "memory")


def test_snippets_run_beside_one_another() -> None:
    async def main() -> list[object]:
        sandbox = MontySandbox()
        runs = [sandbox.run(f"{n} * 2", limits=SandboxLimits()) for n in range(6)]
        return [result.value for result in await asyncio.gather(*runs)]

    assert asyncio.run(main()) == [0, 2, 4, 6, 8, 10]


def test_a_key_that_is_no_text_becomes_one() -> None:
    result = asyncio.run(MontySandbox().run("{1: (2, 3)}", limits=SandboxLimits()))

    assert result.value == {"1": [2, 3]}
