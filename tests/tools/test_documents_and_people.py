"""Passages of documents, and messages to people."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

import tenuto
from tenuto import Agent, DefinitionError, Escalatable, Fatal, Rejected, Workflow
from tenuto.testing import MockLLM, calls
from tenuto.tools import notify, search

sent: list[tuple[str, str, str]] = []


@pytest.fixture(autouse=True)
def own_collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(tmp_path / "collections"))
    sent.clear()


def send(ctx: Any, message: str, to: str) -> None:
    sent.append((ctx.effect_id, message, to))


async def send_later(ctx: Any, message: str, to: str) -> None:
    sent.append((ctx.effect_id, message, to))


class Ctx:
    effect_id = "s:7"

    def __init__(self) -> None:
        self.notes: list[tuple[str, Any]] = []

    def note(self, kind: str, data: Any) -> None:
        self.notes.append((kind, data))


def test_passages_are_found_by_folder_and_by_the_name_of_a_collection(tmp_path: Path) -> None:
    folder = tmp_path / "docs"
    folder.mkdir()
    (folder / "boats.md").write_text("# Boats\n\nA boat is red.\n")

    for collection in (folder, str(folder), tenuto.add_collection(folder)):
        tool = search(collection)
        told = tool(**tool.bind({"query": "red boat unicorns"}))
        (passage,) = told["passages"]
        assert (passage["file"], passage["first_line"]) == ("boats.md", 3)
        assert told["unmatched"] == ["unicorns"]


def test_a_collection_that_is_not_there_is_told() -> None:
    tool = search("nothing")

    with pytest.raises(Fatal, match="There is no collection 'nothing'"):
        tool(**tool.bind({"query": "x"}))
    with pytest.raises(Rejected):
        search(" ")


def told(tool: tenuto.Tool, **arguments: Any) -> Ctx:
    ctx = Ctx()
    asyncio.run(tool(ctx=ctx, **tool.bind(arguments)))
    return ctx


def test_a_message_is_on_record() -> None:
    ctx = told(notify(), message="done", to="ada")

    assert ctx.notes == [("notification", {"to": "ada", "message": "done"})]
    assert (notify().once, notify().permission) == (False, "people:notify")


def test_a_message_is_sent_by_whatever_function_is_given() -> None:
    for how in (send, send_later, f"{__name__}:send"):
        tool = notify(how)
        ctx = told(tool, message="done")
        assert tool.once, "nobody wants a message twice"
        assert len(ctx.notes) == 1

    assert sent == [("s:7", "done", "")] * 3


def test_a_message_without_words_or_with_too_many_is_refused() -> None:
    for message in ("", "  ", "x" * 4_001):
        with pytest.raises(Fatal, match="1 to 4000 characters"):
            told(notify(send), message=message)
    assert sent == []


def test_who_cannot_be_imported_cannot_send() -> None:
    with pytest.raises(DefinitionError, match="cannot be imported by another process"):
        notify(lambda ctx, message, to: None)
    for name in ("no.such.module:send", f"{__name__}:nobody", "", "x"):
        with pytest.raises(Escalatable, match="cannot be imported"):
            told(notify(name), message="done")


def test_an_agents_message_is_an_event_of_its_session() -> None:
    clerk = Agent("clerk", model="mock:any", tools=[notify()])
    flow = Workflow("telling").node("work", agent=clerk)

    async def main() -> list[str]:
        model = MockLLM([calls(("notify", {"message": "odd", "to": "ada"})), "done"])
        async with tenuto.open("memory://", models={"mock": model}) as runtime:
            session = await runtime.start(flow)
            await session.result(20)
            return [repr(stored) async for stored in session.events()]

    assert any("notification" in event and "odd" in event for event in asyncio.run(main()))
