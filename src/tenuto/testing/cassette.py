"""Recorded sessions: what models, tools and people said once, to be played again in tests.

The log is the cassette. What is kept here is what of it a test needs, as one JSON file that can be
read, reviewed and edited.
"""

from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

import tenuto
from tenuto.core.errors import NotAllowed, NotFound, Rejected
from tenuto.core.session import events as e
from tenuto.core.session import inputs as i
from tenuto.core.session.causes import cause_of
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.testing.recording import Exchange
from tenuto.testing.transcript import Transcript, transcript_of

FORMAT: Final = 1

Verb: TypeAlias = Literal["approve", "deny", "signal"]


class Take(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One answer of a model, or one result of a tool. `error`: it failed for good, and why."""

    agent: str = ""
    name: str = ""
    turn: int = 0
    purpose: str = ""
    arguments: JsonObject
    value: Json = None
    error: str = ""


class Act(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a person did when the session waited."""

    verb: Verb
    task: int = 0
    name: str = ""
    data: Json = None
    by: str = ""
    note: str = ""
    about: str = ""
    """Kind of the question that was answered, where an effect had asked one."""


class Cassette(msgspec.Struct, frozen=True, kw_only=True):
    """A recorded session with its child sessions. Play it with `play`."""

    format: int = FORMAT
    workflow: str
    inputs: JsonObject
    user: str = ""
    status: str
    output: Json
    models: tuple[Take, ...]
    tools: tuple[Take, ...]
    people: tuple[Act, ...]
    definition: WorkflowDefinition
    outputs: tuple[Take, ...] = ()
    """What guards made of the outputs of sessions."""

    def save(self, path: str | Path) -> None:
        """Write the cassette as indented JSON.

        Raises:
            OSError: the file cannot be written.
        """
        Path(path).write_bytes(msgspec.json.format(msgspec.json.encode(self), indent=1) + b"\n")

    def assert_like(self, transcript: Transcript) -> None:
        """Check that `transcript` ended as the recorded session did: status, output, tool calls.

        Raises:
            AssertionError: it did not; both sides are told.
        """
        assert transcript.status == self.status, (
            f"Recorded as {self.status}, now {transcript.status}: {transcript.failure}"
        )
        assert transcript.output == self.output, (
            f"The output was {self.output!r:.800} and is now {transcript.output!r:.800}"
        )
        recorded = sorted(_call(take.name, take.arguments) for take in self.tools)
        found = sorted(_call(part.name, part.arguments) for part in transcript.calls)
        gone = [call for call in recorded if call not in found]
        new = [call for call in found if call not in recorded]
        assert recorded == found, f"Tool calls differ; no more: {gone!r:.800}; new: {new!r:.800}"


def load_cassette(path: str | Path) -> Cassette:
    """Return the cassette in a file.

    Raises:
        NotFound: there is no such file.
        Rejected: it is no cassette, or one of a newer format.
    """
    try:
        payload = Path(path).read_bytes()
    except OSError as error:
        raise NotFound(what="cassette", name=str(path), hint=f"{error.strerror}.") from None
    try:
        cassette = msgspec.json.decode(payload, type=Cassette)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Rejected(
            f"{path} is no cassette: {error}. Make one with `tenuto export-test`."
        ) from None
    if cassette.format > FORMAT:
        raise Rejected(
            f"{path} is a cassette of format {cassette.format}, and this release knows {FORMAT}; "
            "record it again, or update Tenuto."
        )
    return cassette


async def record(runtime: tenuto.Runtime, session: tenuto.Session) -> Cassette:
    """Return the cassette of a session that has ended.

    Raises:
        NotFound: there is no such session.
        NotAllowed: it has neither completed nor failed: what would have come is not known.
    """
    transcript = await transcript_of(runtime, session)
    state = await session.state()
    if transcript.status not in ("completed", "failed"):
        raise NotAllowed(
            session=session.id,
            wanted="be recorded as a test",
            found=f"it is {transcript.status}",
            hint="Only what came to its own end can be held against what would happen now.",
        )
    log = [stored.event async for stored in session.events(follow=False)]
    return Cassette(
        workflow=state.workflow,
        inputs=state.inputs,
        user=state.user,
        status=transcript.status,
        output=transcript.output,
        models=tuple(_take(part) for part in transcript.turns),
        tools=tuple(_take(part) for part in transcript.calls if part.settled),
        people=tuple(_acts(log)),
        definition=await session.definition(),
        outputs=tuple(_take(part) for part in transcript.outputs),
    )


def _take(part: Exchange) -> Take:
    return Take(
        agent=part.agent,
        name=part.name if part.kind == "tool" else "",
        turn=part.turn,
        purpose=part.purpose,
        arguments=part.arguments,
        value=part.value,
        error=part.failure.message if part.failure is not None else "",
    )


def _acts(log: list[e.SessionEvent]) -> list[Act]:
    acts: list[Act] = []
    state = SessionState()
    for at, event in enumerate(log):
        if isinstance(event, (e.SignalReceived, e.ApprovalDecided)):
            match cause_of(state, log, at):
                case i.SendSignal(name=name, data=data, by=by):
                    acts.append(Act(verb="signal", name=name, data=data, by=by))
                case i.DecideApproval() as decided:
                    acts.append(
                        Act(
                            verb="approve" if decided.approved else "deny",
                            task=decided.task,
                            data=decided.data,
                            by=decided.by,
                            note=decided.note,
                            about=_question(state, decided.task),
                        )
                    )
                case _:
                    pass
        evolve(state, event)
    return acts


def _question(state: SessionState, task: TaskNo) -> str:
    found = state.tasks.get(task)
    return found.ask.kind if found is not None and found.ask is not None else ""


def _call(name: str, arguments: JsonObject) -> str:
    return f"{name} {msgspec.json.encode(arguments, order='sorted').decode()}"
