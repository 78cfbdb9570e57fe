"""Workflows that the tests of the command line run, by `tests.cli.flows:name`."""

import threading
from pathlib import Path
from typing import Any

import tenuto
from tenuto import Agent, Pool, Workflow, body


async def greet(ctx: tenuto.Context, name: str) -> dict[str, str]:
    return {"text": f"Hello, {name}!"}


async def report(ctx: tenuto.Context) -> dict[str, str]:
    return {"report": "# Found\n\nIt is **there**.\n"}


async def number(ctx: tenuto.Context, n: int) -> dict[str, int]:
    ctx.note("measurement", {"n": n})
    return {"n": n}


async def double(ctx: tenuto.Context, item: int) -> int:
    if item == 13:
        raise tenuto.Fatal("13 cannot be doubled", code="unlucky")
    return 2 * item


async def refuse(ctx: tenuto.Context) -> None:
    raise tenuto.Fatal("there is no such page", code="no_page")


async def falter(ctx: tenuto.Context) -> str:
    if ctx.attempt == 1:
        raise tenuto.Transient("the line was busy")
    return "through"


async def ask(ctx: tenuto.Context) -> None:
    raise tenuto.Escalatable("which account?")


def block(ctx: tenuto.Context) -> None:
    """Hold a thread for an hour, as code that cannot be interrupted does."""
    Path("blocking").touch()
    threading.Event().wait(3_600)


blocking = Workflow("blocking")
blocking.node("block", function=block)

hello = Workflow("hello", inputs={"name": "string"}, output="outputs.greet.text")
hello.node("greet", function=greet, inputs={"name": "inputs.name"})

reporting = Workflow("reporting", output="outputs.report")
reporting.node("report", function=report)

counting = Workflow(
    "counting",
    inputs={"n": {"type": "integer", "default": 1}},
    state={"total": ("add", 0)},
    output="state.total",
)
counting.node("number", function=number, inputs={"n": "inputs.n"}, updates={"total": "output.n"})
counting.node("again", function=number, inputs={"n": "inputs.n"}, updates={"total": "output.n"})
counting.edge("number", "again")

mapped = Workflow("mapped", inputs={"items": {"type": "array"}}, output="outputs.double")
mapped.node(
    "double",
    map="inputs.items",
    do=body(function=double, inputs={"item": "item"}),
    concurrency=4,
    on_item_failure="collect",
)

failing = Workflow("failing")
failing.node("fetch", function=refuse)

faltering = Workflow("faltering", output="outputs.call")
faltering.node("call", function=falter, retry=tenuto.RetryPolicy(initial_ms=1))

asking = Workflow("asking")
asking.node("pay", function=ask)

gated = Workflow("gated", output="outputs.gate")
gated.node("gate", approval="Pay 12 euro?", assignees=["ann"], timeout="2h")

waiting = Workflow("waiting", output="outputs.mail")
waiting.node("mail", wait="reply")

napping = Workflow("napping", output="'awake'")
napping.node("nap", timer="1h")

blinking = Workflow("blinking", output="'awake'")
blinking.node("nap", timer="300ms")

talking = Workflow("talking", inputs={"text": "string"}, output="outputs.say.text")
talking.node("say", agent=Agent("speaker", instructions="Repeat."), inputs={"text": "inputs.text"})

remembering = Workflow("remembering", inputs={"task": "string"}, output="outputs.advise.text")
remembering.node(
    "advise",
    agent=Agent("gardener", instructions="Advise.", memory=True),
    inputs={"task": "inputs.task"},
)

nested = Workflow("nested", output="outputs.inner")
nested.node("inner", workflow=blinking)

stuck = Workflow("stuck", output="outputs.inner")
stuck.node("inner", workflow=gated)

anything: Any = Workflow("anything", output="inputs")
anything.node("on", condition="true")

pooled = Workflow("pooled", output="outputs.report")
pooled.node("report", function=report, pool=Pool("here", concurrency=1))

pooled_elsewhere = Workflow("pooled-elsewhere", output="outputs.report")
pooled_elsewhere.node("report", function=report, pool="elsewhere")

not_a_workflow = {"name": "hello"}
