"""Workflows that the tests serve, by `tests.server.mcp.flows:name`."""

import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import tenuto
from tenuto import Workflow, body

print("a module that prints while it is imported")


async def greet(ctx: tenuto.Context, name: str) -> dict[str, str]:
    ctx.note("greeting", {"to": name})
    return {"text": f"Hello, {name}!"}


async def refuse(ctx: tenuto.Context) -> None:
    raise tenuto.Fatal("there is no such page", code="no_page")


async def fill(ctx: tenuto.Context, size: int) -> dict[str, str]:
    return {"text": "é" * size}


async def report(ctx: tenuto.Context) -> dict[str, str]:
    return {"report": "# Found\n\nIt is **there**.\n"}


def chatter(ctx: tenuto.Context) -> str:
    """Print in every way there is."""
    print("printed", flush=True)
    os.write(1, b"written\n")
    subprocess.run([sys.executable, "-c", "print('by a program')"], check=True)
    return sys.stdin.read() or "read nothing"


async def picture(ctx: tenuto.Context) -> dict[str, Any]:
    return {"content": [{"type": "image", "data": "AAAA", "mimeType": "image/png"}]}


async def number(ctx: tenuto.Context, item: int) -> int:
    return item


def linger(ctx: tenuto.Context) -> str:
    """Leave a line, and stay until the folder has a file `go`."""
    with Path("lingered").open("a") as file:
        file.write(f"{ctx.effect_id}\n")
    while not Path("go").exists():
        time.sleep(0.02)
    return "gone"


hello = Workflow("hello", inputs={"name": "string"}, output="outputs.greet.text")
hello.node("greet", function=greet, inputs={"name": "inputs.name"})

failing = Workflow("failing")
failing.node("fetch", function=refuse)

filling = Workflow("filling", inputs={"size": "integer"}, output="outputs.fill")
filling.node("fill", function=fill, inputs={"size": "inputs.size"})

reporting = Workflow("reporting", output="outputs.report")
reporting.node("report", function=report)

chatting = Workflow("chatting", output="outputs.chatter")
chatting.node("chatter", function=chatter)

painting = Workflow("painting", output="outputs.picture")
painting.node("picture", function=picture)

gated = Workflow("gated", output="outputs.gate")
gated.node("gate", approval="Pay 12 euro?", assignees=["ann"], timeout="2h")

waiting = Workflow("waiting", output="outputs.mail")
waiting.node("mail", wait="reply")

napping = Workflow("napping", output="'awake'")
napping.node("nap", timer="1h")

blinking = Workflow("blinking", output="'awake'")
blinking.node("nap", timer="50ms")

mapped = Workflow("mapped", inputs={"items": "array"}, output="size(outputs.each)")
mapped.node("each", map="inputs.items", do=body(function=number, inputs={"item": "item"}))

nested = Workflow("nested", output="outputs.inner")
nested.node("inner", workflow=gated)

lingering = Workflow("lingering", output="outputs.linger")
lingering.node("linger", function=linger)

spaced = Workflow("weekly report / EU", output="'done'")
spaced.node("nothing", condition="true")

order = Workflow("order", output="outputs.ask")
order.node(
    "ask",
    approval="How many cups?",
    form={"cups": {"type": "integer", "minimum": 1, "maximum": 9, "default": 2}},
)

telling = Workflow("telling", output="outputs.mail")
telling.node("mail", wait="reply", form={"text": "string"})

pausing = Workflow("pausing", output="'awake'")
pausing.node("nap", timer="700ms")

many = Workflow("many", inputs={"items": "array"}, output="size(outputs.each)")
many.node("each", map="inputs.items", do=body(approval="Go on?", form={"why": "string"}))
