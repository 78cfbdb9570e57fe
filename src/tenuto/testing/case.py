"""A place to stand for tests of agents: a scripted model, a fresh runtime, and assertions."""

import unittest
from collections.abc import Mapping
from typing import Any

import msgspec

import tenuto
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.sdk.sources import Tools
from tenuto.testing.model import MockLLM
from tenuto.testing.transcript import Transcript, transcript_of

_PROVIDER = "scripted"


class AgentTestCase(unittest.IsolatedAsyncioTestCase):
    """A test case whose agents ask `self.model`, a fresh `MockLLM` for each test.

    When a test ends, the script must be used up. Runs under pytest and unittest alike. Sources of
    tools that agents name, as for `tenuto.open`, go into `self.tools`.

    Example:
        class TestClerk(AgentTestCase):
            async def test_it_looks_before_it_pays(self) -> None:
                self.model.add(calls(("find", {"order": "17"})), "Found.")
                done = await self.run_agent(clerk, {"text": "Where is order 17?"})
                done.assert_called("find", order="17")
    """

    model: MockLLM
    tools: dict[str, Tools]

    def setUp(self) -> None:
        """Begin with an empty script."""
        self.model = MockLLM()
        self.tools = {}

    def tearDown(self) -> None:
        """Hold the script against what was asked."""
        self.model.assert_used_up()

    async def run_agent(
        self, agent: tenuto.Agent, inputs: Mapping[str, Any] | None = None, *, timeout: float = 30
    ) -> Transcript:
        """Return what one task of `agent` does with `inputs`.

        Raises:
            TimeoutError: it was at work for longer than `timeout` seconds.
        """
        flow = tenuto.Workflow("test", output="outputs.work")
        given = {name: f"inputs.{name}" for name in inputs or {}}
        flow.node("work", agent=agent, inputs=given)
        return await self.run_workflow(flow, inputs, timeout=timeout)

    async def run_workflow(
        self,
        workflow: tenuto.Workflow | WorkflowDefinition,
        inputs: Mapping[str, Any] | None = None,
        *,
        timeout: float = 30,
    ) -> Transcript:
        """Return what a session of `workflow` does until it ends or waits for somebody outside.

        Raises:
            TimeoutError: it was at work for longer than `timeout` seconds.
        """
        code: dict[str, Any] = {}
        if isinstance(workflow, tenuto.Workflow):
            code.update(workflow.code)
            workflow = workflow.definition()
        models = {_PROVIDER: self.model}
        tools = self.tools
        async with tenuto.open("memory://", models=models, code=code, tools=tools) as runtime:
            session = await runtime.start(scripted(workflow), dict(inputs or {}))
            await session.wait_until_idle(timeout)
            return await transcript_of(runtime, session)


def scripted(definition: WorkflowDefinition) -> WorkflowDefinition:
    """Return the workflow with all agents on the provider `scripted`."""
    return msgspec.structs.replace(
        definition,
        agents=tuple(msgspec.structs.replace(a, model=_PROVIDER) for a in definition.agents),
        children=tuple(scripted(child) for child in definition.children),
    )
