"""A conversation that grows too long is summed up by its own model, and goes on from there."""

from typing import Any

import pytest

import tenuto
from tenuto import Agent, Workflow
from tenuto.core.agent.compacting import ASKED, COMPACT
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage
from tenuto.testing import calls, crash_after, crash_points

PAGES = 8
PAGE = "fog " * 400
TOKENS = 1_000


@tenuto.tool(safe=True)
def read(page: int) -> str:
    """Read a page."""
    return f"page {page}: {PAGE}"


class Reader:
    """Reads all pages, one a turn, and tells where it is from what it is told alone."""

    def __init__(self, summary: str | None = None, *, usage: Usage | None = None) -> None:
        self.requests: list[ModelRequest] = []
        self._summary, self._usage = summary, usage or Usage()

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        self.requests.append(request)
        seen = self._seen(request)
        if request.purpose == COMPACT:
            text = f"read up to page {seen}" if self._summary is None else self._summary
            return ModelAnswer(text=text, usage=self._usage)
        if seen < PAGES:
            wanted = calls(("read", {"page": seen + 1}))
            return ModelAnswer(calls=wanted.calls, finish="tools", usage=self._usage)
        return ModelAnswer(text=f"read {seen} pages", usage=self._usage)

    def _seen(self, request: ModelRequest) -> int:
        """The highest page that stands anywhere in the conversation."""
        told = [message.text for message in request.messages]
        told += [str(one.value) for message in request.messages for one in message.results]
        return max(
            (n for n in range(1, PAGES + 1) if any(f"page {n}" in t for t in told)), default=0
        )


def flow(context_tokens: int = TOKENS, **options: Any) -> Workflow:
    reader = Agent("reader", model="reader", tools=[read], context_tokens=context_tokens, **options)
    return Workflow("reading", output="outputs.read.text").node(
        "read", agent=reader, inputs={"task": "'read all pages'"}
    )


def characters(request: ModelRequest) -> int:
    return sum(
        len(message.text) + sum(len(str(one.value)) for one in message.results)
        for message in request.messages
    )


def test_no_request_grows_far_beyond_the_context_and_nothing_is_read_twice() -> None:
    model = Reader()

    output = tenuto.run(flow(), models={"reader": model})

    assert output == f"read {PAGES} pages"
    assert max(map(characters, model.requests)) < 4 * TOKENS + len(PAGE) + len(ASKED) + 500
    assert sum(1 for request in model.requests if request.purpose == COMPACT) >= 2


def test_without_a_bound_the_whole_conversation_is_told() -> None:
    model = Reader()

    tenuto.run(flow(0), models={"reader": model})

    assert characters(model.requests[-1]) > PAGES * len(PAGE)
    assert all(request.purpose != COMPACT for request in model.requests)


def test_a_summary_is_asked_for_without_tools_and_stands_behind_the_task() -> None:
    model = Reader()

    tenuto.run(flow(), models={"reader": model})

    asked = next(request for request in model.requests if request.purpose == COMPACT)
    after = model.requests[model.requests.index(asked) + 1]
    assert asked.tools == ()
    assert asked.messages[-1].text.endswith(ASKED)
    assert len(after.messages) == 1
    assert after.messages[0].text.startswith(
        "read all pages\n\nWhat you have done so far:\nread up"
    )


def test_what_the_provider_counts_is_believed() -> None:
    small, large = Reader(usage=Usage(input_tokens=10)), Reader(usage=Usage(input_tokens=9_000))

    tenuto.run(flow(5_000), models={"reader": small})
    tenuto.run(flow(5_000), models={"reader": large})

    assert [r.turn for r in small.requests if r.purpose == COMPACT] == []
    assert [r.turn for r in large.requests if r.purpose == COMPACT][:2] == [2, 5]


@pytest.mark.parametrize("summary", ["", "   ", "long " * 10_000])
def test_a_model_that_cannot_sum_up_is_stood_in_for_by_excerpts(summary: str) -> None:
    model = Reader(summary)

    output = tenuto.run(flow(), models={"reader": model})

    after = [r.messages[0].text for r in model.requests if len(r.messages) == 1 and r.turn]
    assert output == f"read {PAGES} pages"
    assert all("You called read with" in text and len(text) < 6_000 for text in after)


def test_a_strategy_goes_on_after_a_summary_in_its_midst() -> None:
    model = Reader(usage=Usage(input_tokens=9_000))

    class Reviewed(Reader):
        async def answer(self, name: str, request: ModelRequest) -> ModelAnswer:
            if request.purpose == "critique":
                revised = any("revised" in message.text for message in request.messages)
                return ModelAnswer(data={"good": revised, "faults": ["short"]})
            if request.purpose == "revise":
                return ModelAnswer(text=f"revised: {self._seen(request)}")
            return await super().answer(name, request)

    model = Reviewed(usage=Usage(input_tokens=9_000))
    output = tenuto.run(flow(5_000, strategy="reflect"), models={"reader": model})

    assert output == f"revised: {PAGES}"


@pytest.mark.parametrize("commit", crash_points(flow(), models={"reader": Reader()}))
def test_a_crash_at_any_boundary_changes_nothing(commit: int) -> None:
    model = Reader()

    report = crash_after(commit, flow(), models={"reader": model})

    report.check()
    assert report.outputs == (f"read {PAGES} pages",)
