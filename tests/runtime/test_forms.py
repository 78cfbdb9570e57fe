"""Forms of approvals and waits: what must come with an answer or a signal."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

import tenuto
from tenuto import Workflow
from tenuto.core.errors import DefinitionError, Rejected
from tenuto.core.workflow.model import Node
from tenuto.sdk.history import StoredEvent

FORM = {"name": "string", "cups": {"type": "integer", "minimum": 1, "default": 2}}


async def nothing(ctx: tenuto.Context, given: Any) -> str:
    return "done"


def asking() -> Workflow:
    return Workflow("asking", output="outputs.ask").node("ask", approval="For whom?", form=FORM)


def waiting() -> Workflow:
    return Workflow("waiting", output="outputs.mail").node("mail", wait="reply", form=FORM)


def run(work: Callable[[tenuto.Runtime], Awaitable[None]]) -> None:
    async def main() -> None:
        async with asyncio.timeout(20), tenuto.open("memory://") as runtime:
            await work(runtime)

    asyncio.run(main())


def test_an_answer_that_fits_its_form_comes_with_the_defaults() -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        session = await runtime.start(asking())
        await session.wait_until_idle(5)
        await session.approve(by="ann", data={"name": "Ada"})
        output = await session.result(5)

        assert isinstance(output, dict)
        assert output["data"] == {"name": "Ada", "cups": 2}

    run(work)


@pytest.mark.parametrize("data", [None, {"name": 1}, {"name": "Ada", "cups": 0}, "Ada", {"x": 1}])
def test_an_answer_that_does_not_fit_its_form_changes_nothing(data: Any) -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        session = await runtime.start(asking())
        before = await session.wait_until_idle(5)
        with pytest.raises(Rejected, match="The answer does not fit its form"):
            await session.approve(data=data)

        assert (await session.state()).version == before.version

    run(work)


def test_who_denies_fills_in_no_form() -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        session = await runtime.start(asking())
        await session.wait_until_idle(5)
        await session.deny(note="no")
        output = await session.result(5)

        assert isinstance(output, dict)
        assert output["approved"] is False

    run(work)


def test_a_signal_fits_the_form_of_the_node_that_wants_it_also_when_it_comes_early() -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        flow = Workflow("later", output="outputs.mail").node("nap", timer="1h")
        flow.node("mail", wait="reply", form=FORM).edge("nap", "mail")
        session = await runtime.start(flow)
        with pytest.raises(Rejected, match="Signal 'reply' does not fit its form"):
            await session.signal("reply", {"cups": 1})
        await session.signal("reply", {"name": "Ada"})
        await session.signal("other", 17)
        state = await session.state()

        assert state.signals == {"reply": [{"name": "Ada", "cups": 2}], "other": [17]}

    run(work)


def test_where_one_node_takes_anything_a_signal_may_be_anything() -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        flow = Workflow("two").node("one", wait="reply", form=FORM).node("two", wait="reply")
        flow.edge("one", "two")
        session = await runtime.start(flow)
        await session.wait_until_idle(5)
        await session.signal("reply", 17)

    run(work)


def test_a_form_is_kept_in_the_definition_as_a_whole_schema() -> None:
    (node,) = asking().definition().nodes

    assert node == Node(
        id="ask",
        kind="approval",
        title="For whom?",
        form={
            "type": "object",
            "properties": {"name": {"type": "string"}, "cups": FORM["cups"]},
            "required": ["name"],
            "additionalProperties": False,
        },
    )


@pytest.mark.parametrize("form", [{"name": "text"}, [], "string", {"name": object()}])
def test_what_is_no_form_is_refused_where_it_is_written(form: Any) -> None:
    with pytest.raises(DefinitionError, match="Node 'ask' has a form that is none"):
        Workflow("asking").node("ask", approval="For whom?", form=form)


def test_a_form_belongs_to_approvals_and_waits() -> None:
    with pytest.raises(DefinitionError, match="has no part 'form'"):
        Workflow("asking").node("ask", timer="1h", form=FORM)


def labelled_by(log: list[StoredEvent]) -> list[tuple[str, tuple[str, ...]]]:
    return [
        (type(stored.event).__name__, stored.event.labels)  # type: ignore[union-attr]
        for stored in log
        if getattr(stored.event, "labels", ())
    ]


def test_labels_of_a_signal_go_with_what_is_made_of_it() -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        flow = Workflow("told", output="outputs.use").node("mail", wait="reply")
        flow.node("quiet", wait="quiet").edge("mail", "quiet")
        flow.node("use", function=nothing, inputs={"given": "outputs.mail"}).edge("quiet", "use")
        session = await runtime.start(flow)
        await session.signal("quiet", 1)
        await session.signal("reply", "x", labels=["untrusted"])
        await session.result(5)
        state = await session.state()
        report = await session.replay()

        assert state.labelled == {"outputs.mail": ("untrusted",), "outputs.use": ("untrusted",)}
        assert not state.signal_labels
        assert report.divergence is None

    run(work)


def test_of_several_signals_each_keeps_its_own_labels() -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        flow = Workflow("told").node("nap", wait="go")
        for before, name in (("nap", "one"), ("one", "two"), ("two", "three")):
            flow.node(name, wait="reply").edge(before, name)
        session = await runtime.start(flow)
        for data, labels in (("a", []), ("b", ["untrusted"]), ("c", [])):
            await session.signal("reply", data, labels=labels)
        await session.signal("go")
        await session.result(5)

        assert (await session.state()).labelled == {"outputs.two": ("untrusted",)}

    run(work)


def test_labels_of_an_answer_go_with_its_data_and_replay_tells_them() -> None:
    async def work(runtime: tenuto.Runtime) -> None:
        session = await runtime.start(asking())
        await session.wait_until_idle(5)
        await session.approve(by="ann", data={"name": "Ada"}, labels=["untrusted"])
        await session.result(5)
        log = [stored async for stored in session.events()]
        report = await session.replay()

        assert (await session.state()).labelled == {"outputs.ask": ("untrusted",)}
        assert labelled_by(log) == [("TaskCompleted", ("untrusted",))]
        assert report.divergence is None

    run(work)
