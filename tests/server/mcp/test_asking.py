"""What waits for a person is asked of the client's user."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeAlias

import mcp_types as types
import pytest
from mcp import Client, MCPError

import tenuto
from tenuto import Agent, PermissionRule, Workflow
from tenuto.server.mcp.client.asking import AT_ONCE_MAX
from tenuto.server.mcp.visits import Terms
from tenuto.testing import MockLLM, calls
from tests.server.mcp import flows
from tests.server.mcp.serving import HttpServer, Served, first_session, run, served, text_of

ERAS = pytest.mark.parametrize("mode", ["legacy", "2026-07-28"])

Answer: TypeAlias = Callable[[types.ElicitRequestFormParams], Awaitable[types.ElicitResult]]


class Person:
    """Answers in a client, one answer after the other; the last for ever."""

    def __init__(self, *answers: types.ElicitResult) -> None:
        self._answers = list(answers)
        self.asked: list[types.ElicitRequestFormParams] = []

    async def __call__(self, context: Any, params: Any) -> types.ElicitResult:
        self.asked.append(params)
        return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


def accepts(**content: Any) -> types.ElicitResult:
    return types.ElicitResult(action="accept", content=content)


DECLINES = types.ElicitResult(action="decline")
CANCELS = types.ElicitResult(action="cancel")


class Undecided:
    """Is asked, and does not answer until it is let."""

    def __init__(self) -> None:
        self.asked = asyncio.Event()
        self.free = asyncio.Event()
        self.cancelled = False

    async def __call__(self, context: Any, params: Any) -> types.ElicitResult:
        self.asked.set()
        try:
            await self.free.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return accepts(cups=3)


async def log_of(here: Served, session: str) -> list[Any]:
    return [stored.event async for stored in here.runtime.session(session).events(follow=False)]


@ERAS
def test_an_answer_in_the_client_is_the_decision_with_its_form(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts(cups=3))
        async with served(flows.order, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("order")
            log = await log_of(here, result.meta["tenuto/session"])

        assert result.structured_content == {
            "approved": True,
            "by": "mcp",
            "note": "",
            "data": {"cups": 3},
        }
        (asked,) = ann.asked
        assert asked.message == "How many cups?"
        assert asked.requested_schema["properties"] == {
            "cups": {"type": "integer", "minimum": 1, "maximum": 9, "default": 2}
        }
        ended = [event for event in log if type(event).__name__ == "TaskCompleted"]
        assert [event.labels for event in ended] == [("untrusted",)]

    run(work)


@ERAS
def test_who_declines_has_denied(mode: str) -> None:
    async def work() -> None:
        async with served(flows.order, mode=mode, elicitation_callback=Person(DECLINES)) as here:
            result = await here.call("order")

        assert result.structured_content["approved"] is False
        assert result.structured_content["note"] == "declined in the client"

    run(work)


@ERAS
def test_who_closes_the_question_leaves_it_in_the_inbox(mode: str) -> None:
    async def work() -> None:
        ann = Person(CANCELS)
        async with served(flows.order, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("order")
            session = here.runtime.session(result.meta["tenuto/session"])
            assert result.meta["tenuto/status"] == "waiting"
            await session.approve(by="bob", data={"cups": 1})
            output: Any = await session.result(5)

        assert output["by"] == "bob"
        assert len(ann.asked) == 1

    run(work)


@ERAS
def test_an_answer_that_does_not_fit_the_form_is_asked_again(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts(cups=100), accepts(cups=4))
        async with served(flows.order, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("order")

        assert result.structured_content["data"] == {"cups": 4}
        assert len(ann.asked) == 2

    run(work)


@ERAS
def test_who_never_fits_the_form_is_asked_three_times_and_no_more(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts(cups=100))
        async with served(flows.order, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("order")

        assert result.meta["tenuto/status"] == "waiting"
        assert len(ann.asked) == 3
        assert "does not fit its form" in ann.asked[-1].message

    run(work)


@ERAS
def test_what_a_wait_wants_is_asked_and_sent_as_its_signal(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts(text="yes"))
        async with served(flows.telling, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("telling")
            log = await log_of(here, result.meta["tenuto/session"])

        assert result.structured_content == {"text": "yes"}
        received = [event for event in log if type(event).__name__ == "SignalReceived"]
        assert [(event.by, event.labels) for event in received] == [("mcp", ("untrusted",))]

    run(work)


@ERAS
def test_a_wait_that_the_user_declines_goes_on_waiting(mode: str) -> None:
    async def work() -> None:
        ann = Person(DECLINES)
        async with served(flows.telling, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("telling")

        assert result.meta["tenuto/status"] == "waiting"
        assert len(ann.asked) == 1

    run(work)


@ERAS
def test_a_wait_without_a_form_is_not_asked(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts())
        async with served(flows.waiting, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("waiting")

        assert result.meta["tenuto/status"] == "waiting"
        assert not ann.asked

    run(work)


@ERAS
@pytest.mark.parametrize(("user", "asked"), [("ann", 1), ("bob", 0), ("", 0)])
def test_what_is_for_certain_people_is_asked_of_them_alone(
    mode: str, user: str, asked: int
) -> None:
    async def work() -> None:
        person = Person(accepts())
        terms = Terms(wait_seconds=5, user=user)
        async with served(flows.gated, terms=terms, mode=mode, elicitation_callback=person) as here:
            result = await here.call("gated")

        assert len(person.asked) == asked
        if asked:
            assert result.structured_content["by"] == "ann"
        else:
            assert result.meta["tenuto/status"] == "waiting"

    run(work)


@ERAS
def test_what_a_session_below_wants_is_asked_as_well(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts())
        terms = Terms(wait_seconds=5, user="ann")
        async with served(flows.nested, terms=terms, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("nested")

        assert result.structured_content["approved"] is True
        assert len(ann.asked) == 1

    run(work)


@ERAS
def test_many_questions_are_asked_some_at_a_time_until_all_are_answered(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts(why="because"))
        async with served(flows.many, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("many", items=list(range(2 * AT_ONCE_MAX + 1)))

        assert result.structured_content == {"output": 2 * AT_ONCE_MAX + 1}
        assert len(ann.asked) == 2 * AT_ONCE_MAX + 1

    run(work)


@ERAS
def test_where_the_server_asks_nobody_it_stays_in_the_inbox(mode: str) -> None:
    async def work() -> None:
        ann = Person(accepts(cups=1))
        terms = Terms(wait_seconds=5, asks=False)
        async with served(flows.order, terms=terms, mode=mode, elicitation_callback=ann) as here:
            result = await here.call("order")

        assert result.meta["tenuto/status"] == "waiting"
        assert not ann.asked

    run(work)


def test_who_answers_in_the_inbox_first_ends_the_question_in_the_client() -> None:
    async def work() -> None:
        ann = Undecided()
        async with served(flows.order, mode="legacy", elicitation_callback=ann) as here:
            call = asyncio.create_task(here.call("order"))
            await ann.asked.wait()
            session = await first_session(here, "waiting")
            await session.approve(by="bob", data={"cups": 9})
            result = await call

        assert result.structured_content["by"] == "bob"
        assert ann.cancelled

    run(work)


def test_a_person_may_take_longer_than_the_call() -> None:
    async def work() -> None:
        ann = Undecided()
        terms = Terms(wait_seconds=0.05)
        async with served(
            flows.order, terms=terms, mode="legacy", elicitation_callback=ann
        ) as here:
            result = await here.call("order")
            assert result.meta["tenuto/status"] == "waiting"
            assert "How many cups?" in text_of(result)
            ann.free.set()
            output: Any = await here.runtime.session(result.meta["tenuto/session"]).result(5)

        assert (output["by"], output["data"]) == ("mcp", {"cups": 3})

    run(work)


def test_a_client_that_goes_away_leaves_the_question_in_the_inbox() -> None:
    async def work() -> None:
        ann = Undecided()
        async with served(flows.order, mode="legacy", elicitation_callback=ann) as here:
            call = asyncio.create_task(here.call("order"))
            await ann.asked.wait()
            session = await first_session(here, "waiting")
            call.cancel()
            await asyncio.wait({call})
            await session.approve(by="bob", data={"cups": 9})
            output: Any = await session.result(5)

        assert output["by"] == "bob"

    run(work)


@ERAS
def test_the_call_of_a_tool_that_rules_leave_to_a_person_is_asked_with_its_arguments(
    mode: str,
) -> None:
    @tenuto.tool(permission="orders:refund")
    def refund(order: str) -> str:
        """Pay an order back."""
        return f"{order} is paid"

    rule = PermissionRule(effect="ask", tools=["refund"])
    clerk = Agent("clerk", model="scripted:any", tools=[refund], policy=[rule])
    flow = Workflow("clerk", output="outputs.work.text").node("work", agent=clerk)

    async def work() -> None:
        ann = Person(accepts(approved="yes", order="another"))
        model = MockLLM([calls(("refund", {"order": "17"})), "Paid."])
        async with served(
            flow, models={"scripted": model}, mode=mode, elicitation_callback=ann
        ) as here:
            result = await here.call("clerk")

        assert text_of(result) == "Paid."
        (asked,) = ann.asked
        assert 'order="17"' in asked.message or '"17"' in asked.message
        assert "Decline: It is not carried out" in asked.message
        assert asked.requested_schema == {"type": "object", "properties": {}}
        # Nothing that comes with the yes changes what was asked about.
        assert model.requests[1].messages[-1].results[0].value == "17 is paid"

    run(work)


def test_who_has_not_started_a_session_is_not_asked_what_it_wants() -> None:
    async def work() -> None:
        ann = Person(accepts(cups=1))
        async with served(flows.order, mode="legacy", elicitation_callback=ann) as here:
            other = await here.runtime.start(flows.order)
            await other.wait_until_idle(5)
            result = await here.call("session_result", session=other.id)

        assert result.meta["tenuto/status"] == "waiting"
        assert not ann.asked

    run(work)


def test_who_asks_for_the_result_of_what_it_started_is_asked_as_well() -> None:
    async def work() -> None:
        ann = Person(CANCELS, accepts(cups=1))
        async with served(flows.order, mode="legacy", elicitation_callback=ann) as here:
            first = await here.call("order")
            result = await here.call("session_result", session=first.meta["tenuto/session"])

        assert result.structured_content["data"] == {"cups": 1}

    run(work)


def test_a_client_cannot_say_of_itself_what_it_was_asked() -> None:
    async def work() -> None:
        async with served(
            flows.order, mode="2026-07-28", elicitation_callback=Person(CANCELS)
        ) as here:
            other = await here.runtime.start(flows.order)
            await other.wait_until_idle(5)
            state = f'{{"session": "{other.id}", "asked": ["{other.id}/1"]}}'
            with pytest.raises(MCPError, match="requestState"):
                await here.client.session.call_tool(
                    "order",
                    {},
                    input_responses={f"{other.id}/1": accepts(cups=1)},
                    request_state=state,
                )
            still = await other.state()

        assert still.phase == "running"

    run(work)


@pytest.mark.slow
def test_a_question_outlives_the_server_that_asked_it(tmp_path: Path) -> None:
    async def ask_and_leave(url: str, process: Any) -> None:
        ann = Undecided()
        async with Client(url, mode="legacy", elicitation_callback=ann) as client:
            meta: Any = {"tenuto/key": "k"}
            call = asyncio.create_task(client.call_tool("order", meta=meta))
            await ann.asked.wait()
            process.kill()
            call.cancel()
            await asyncio.wait({call})

    async def come_back(url: str) -> Any:
        ann = Person(accepts(cups=5))
        async with Client(url, mode="legacy", elicitation_callback=ann) as client:
            meta: Any = {"tenuto/key": "k"}
            result = await client.call_tool("order", meta=meta)
        assert len(ann.asked) == 1
        return result

    async def work(first: HttpServer) -> None:
        await ask_and_leave(first.url, first.process)
        with HttpServer(tmp_path, "order") as second:
            result = await come_back(second.url)
        assert result.structured_content["data"] == {"cups": 5}

    with HttpServer(tmp_path, "order") as first:
        run(lambda: work(first))


@pytest.mark.slow
def test_clients_over_http_are_asked_each_about_its_own(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        people = [Person(accepts(cups=n)) for n in range(1, 6)]

        async def order(ann: Person) -> Any:
            async with Client(url, mode="legacy", elicitation_callback=ann) as client:
                return (await client.call_tool("order")).structured_content

        outputs = await asyncio.gather(*map(order, people))
        assert [output["data"]["cups"] for output in outputs] == [1, 2, 3, 4, 5]
        assert all(len(ann.asked) == 1 for ann in people)

    with HttpServer(tmp_path, "order") as server:
        run(lambda: work(server.url))


@pytest.mark.slow
def test_a_server_that_is_told_to_asks_nobody(tmp_path: Path) -> None:
    async def work(url: str) -> None:
        ann = Person(accepts(cups=1))
        async with Client(url, elicitation_callback=ann) as client:
            result = await client.call_tool("order")
        assert (result.meta or {})["tenuto/status"] == "waiting"
        assert not ann.asked

    with HttpServer(tmp_path, "order", "--no-ask") as server:
        run(lambda: work(server.url))
