"""Rails of NeMo Guardrails, for real where its environment is."""

import asyncio
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import Agent, Guard, Workflow
from tenuto.adapters.nemo import rails as adapter
from tenuto.testing import MockLLM

ROOT = Path(__file__).parents[3]
PYTHON = ROOT / ".venv-nemo" / "bin" / "python"

CONFIG = """
models: []
rails:
  input:
    flows:
      - check words of user
  output:
    flows:
      - check words of bot
"""
FLOWS = """
define bot refuse
  "I cannot help with that."

define flow check words of user
  $ok = execute check_words(text=$user_message)
  if not $ok
    bot refuse
    stop
  $user_message = execute mild_words(text=$user_message)

define flow check words of bot
  $ok = execute check_words(text=$bot_message)
  if not $ok
    bot refuse
    stop
"""
ACTIONS = """
from nemoguardrails.actions import action

@action(is_system_action=True)
async def check_words(text: str = ""):
    return "forbidden" not in (text or "")

@action(is_system_action=True)
async def mild_words(text: str = ""):
    return (text or "").replace("stupid", "unwise")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("config.yml", CONFIG), ("rails.co", FLOWS), ("actions.py", ACTIONS)):
        (tmp_path / name).write_text(text, "utf-8")
    return tmp_path


def ran(folder: Path, said: str, answer: str) -> tuple[Any, MockLLM]:
    guard = Guard.function("rails", at=["input", "output"], timeout_ms=60_000)
    agent = Agent("clerk", model="mock:any", guards=[guard])
    flow = Workflow("railed", output="outputs.work.text")
    flow.node("work", agent=agent, inputs={"text": "inputs.text"})
    model = MockLLM([answer])

    async def main() -> Any:
        code = {"rails": tenuto.nemo_rails(folder)}
        async with tenuto.open("memory://", models={"mock": model}, code=code) as runtime:
            session = await runtime.start(flow, {"text": said})
            try:
                return await session.result(60)
            except tenuto.SessionFailedError as error:
                return error.failure

    return asyncio.run(main()), model


needs_nemo = pytest.mark.skipif(
    not PYTHON.exists(), reason="NeMo Guardrails is not here; bring it, as make nemo"
)
"""It is too large to be part of `dev`, and has an environment of its own."""


@needs_nemo
@pytest.mark.slow
def test_rails_let_pass_block_and_rewrite(folder: Path) -> None:
    program = [str(PYTHON), str(Path(__file__).with_name("rails_program.py")), str(folder)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    done = subprocess.run(
        program, env=environment, capture_output=True, text=True, check=False, timeout=300
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])

    passed, at_input, at_output, rewritten = told
    assert passed["output"] == "good day"
    assert at_input["code"] == at_output["code"] == "guard_blocked"
    assert "rail 'check words of user' does not let it pass" in at_input["message"]
    assert "rail 'check words of bot' does not let it pass" in at_output["message"]
    assert at_input["asked"] == []
    assert rewritten["asked"] == ["how unwise"]


def test_without_the_library_nothing_passes_and_its_extra_is_named(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def absent(name: str) -> Any:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(adapter.importlib, "import_module", absent)  # type: ignore[attr-defined]

    failure, asked = ran(folder, "hello", "good day")

    assert failure.code == "guard_blocked"
    assert 'pip install "tenuto[nemo]"' in failure.message
    assert asked.requests == []
