"""What a session did, for tests to make claims about."""

from collections.abc import Iterable

import msgspec

import tenuto
from tenuto.adapters.cel import CelExpressions
from tenuto.core.agent.messages import ModelAnswer, Usage
from tenuto.core.errors import Failure
from tenuto.core.session import events as e
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import Json, JsonObject, SessionId
from tenuto.core.workflow.compile import compile_workflow
from tenuto.testing.recording import Exchange, exchanges_of


class Transcript(msgspec.Struct, frozen=True, kw_only=True):
    """A session and its child sessions, as their logs tell. `status`: the phase it is in.

    Every `assert_…` raises `AssertionError` with what was found instead."""

    session: SessionId
    status: str
    output: Json
    failure: Failure | None
    exchanges: tuple[Exchange, ...]
    notes: tuple[Note, ...]

    @property
    def turns(self) -> list[Exchange]:
        """Return the answers of models, in order of asking."""
        return [part for part in self.exchanges if part.kind == "model" and part.settled]

    @property
    def calls(self) -> list[Exchange]:
        """Return the calls of tools, in order of asking."""
        return [part for part in self.exchanges if part.kind == "tool"]

    @property
    def outputs(self) -> list[Exchange]:
        """Return the outputs of sessions that guards were asked about."""
        return [part for part in self.exchanges if part.kind == "output" and part.settled]

    @property
    def usage(self) -> Usage:
        """Return what all turns cost together."""
        usages = [_answer(turn).usage for turn in self.turns if turn.failure is None]
        return Usage(
            input_tokens=sum(usage.input_tokens for usage in usages),
            output_tokens=sum(usage.output_tokens for usage in usages),
            cost_usd=sum(usage.cost_usd for usage in usages),
            cached_tokens=sum(usage.cached_tokens for usage in usages),
        )

    def assert_completed(self) -> None:
        """Check that the session ended well."""
        assert self.status == "completed", f"The session is {self.status}: {self.failure}"

    def assert_called(self, tool: str, **arguments: Json) -> None:
        """Check that `tool` was called, at least once with all of `arguments` among its own."""
        given = [call.arguments for call in self.calls if call.name == tool]
        names = ", ".join(sorted({repr(call.name) for call in self.calls})) or "none"
        assert given, f"Tool {tool!r} was never called; called were: {names}."
        fits = any(_holds(call, arguments) for call in given)
        assert fits, f"Tool {tool!r} was never called with {arguments!r}, but with: {given!r:.800}"

    def assert_never_called(self, tool: str) -> None:
        """Check that no call of `tool` was asked for, whatever became of it."""
        given = [call.arguments for call in self.calls if call.name == tool]
        assert not given, f"Tool {tool!r} was called {len(given)} times: {given!r:.800}"

    def assert_within(
        self,
        *,
        tokens: int | None = None,
        usd: float | None = None,
        turns: int | None = None,
        tool_calls: int | None = None,
    ) -> None:
        """Check that no more was spent: tokens in and out together, dollars, turns, tool calls."""
        usage = self.usage
        spent = {
            "tokens": (usage.input_tokens + usage.output_tokens, tokens),
            "usd": (usage.cost_usd, usd),
            "turns": (len(self.turns), turns),
            "tool_calls": (len(self.calls), tool_calls),
        }
        over = [
            f"{found} {name}, at most {most} were allowed"
            for name, (found, most) in spent.items()
            if most is not None and found > most
        ]
        assert not over, f"The session spent too much: {'; '.join(over)}."

    def assert_claims_supported(self) -> None:
        """Check that claims were put on record, and that a verdict calls each of them supported.

        Claims and verdicts are notes: `ctx.note("claim", {"id": …})` and
        `ctx.note("verdict", {"claim": …, "status": "supported"})`, as the research team makes
        them."""
        claims = [str(data.get("id")) for data in self._noted("claim")]
        verdicts = {str(data.get("claim")): data.get("status") for data in self._noted("verdict")}
        assert claims, "No claim was put on record."
        wrong = {claim: verdicts.get(claim) for claim in claims}
        wrong = {claim: status for claim, status in wrong.items() if status != "supported"}
        assert not wrong, f"Of {len(claims)} claims these are not supported: {wrong!r}"

    def _noted(self, kind: str) -> Iterable[dict[str, Json]]:
        for note in self.notes:
            if note.kind == kind and isinstance(note.data, dict):
                yield note.data


async def transcript_of(runtime: tenuto.Runtime, session: tenuto.Session) -> Transcript:
    """Return what the logs of `session` and of its child sessions tell.

    Raises:
        NotFound: there is no such session.
    """
    state = await session.state()
    exchanges: list[Exchange] = []
    notes: list[Note] = []
    waiting = [session]
    while waiting:
        one = waiting.pop(0)
        log = [stored.event async for stored in one.events(follow=False)]
        program = compile_workflow(await one.definition(), CelExpressions())
        exchanges += exchanges_of(log, program)
        for event in log:
            if isinstance(event, e.Noted):
                notes.append(Note(event.kind, event.data))
            elif isinstance(event, e.ChildSessionStarted):
                waiting.append(runtime.session(event.session))
    return Transcript(
        session=session.id,
        status=state.phase,
        output=state.output,
        failure=state.failure,
        exchanges=tuple(exchanges),
        notes=tuple(notes),
    )


def _answer(turn: Exchange) -> ModelAnswer:
    return msgspec.convert(turn.value, ModelAnswer)


def _holds(given: JsonObject, wanted: JsonObject) -> bool:
    return all(name in given and given[name] == value for name, value in wanted.items())
