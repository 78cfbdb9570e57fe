"""Guards at the borders of sessions: what a session is started with, what people tell it, and what
comes out of it.

What goes in is looked at before it enters the log; what is refused is recorded nowhere. What comes
out is looked at in a task of its own, so that a crash, a missing key or a person who is asked is
nothing special.
"""

from collections.abc import Sequence
from typing import TypeAlias

import msgspec

from tenuto.core.agent.guards import Guard, guards_at
from tenuto.core.errors import NeedsApproval, Rejected, WorkFailed
from tenuto.core.guarding.checks import unsealed
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Review
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Digest, Json
from tenuto.core.workflow.program import Program
from tenuto.runtime.judging import Hearing, Judges, Place

Told: TypeAlias = i.SendSignal | i.DecideApproval
"""What somebody outside says to a session that runs."""


class Borders:
    """Asks the guards of the process, then those of the workflow."""

    def __init__(self, judges: Judges, guards: Sequence[Guard] = ()) -> None:
        self._judges, self._guards = judges, tuple(guards)
        self._checked: set[Digest] = set()

    @property
    def reviews(self) -> bool:
        """Return whether guards of the process look at the output of every session."""
        return bool(guards_at("output", self._guards))

    def restored(self, value: Json, tenant: str) -> Json:
        """Return the value with what stands behind the tokens of this tenant; others stay."""
        return unsealed(value, self._judges.means(tenant))

    async def admit(self, program: Program, cause: i.StartSession) -> i.StartSession:
        """Return the start as it may be recorded.

        Raises:
            Rejected: a guard does not let the inputs pass, or a person would have to be asked.
        """
        definition = program.definition
        if program.digest not in self._checked:
            for agent in definition.agents:
                self._judges.check(agent.guards)
            self._judges.check(definition.guards)
            self._checked.add(program.digest)
        guards = guards_at("input", self._guards, definition.guards)
        if not guards:
            return cause
        place = Place(border="input", tenant=cause.tenant, user=cause.user, session=cause.session)
        notes: list[i.Note] = []
        (inputs,) = await self._heard(
            guards,
            place,
            [cause.inputs],
            notes,
            asked="There is no session yet that could wait for one: nothing was started.",
            blocked="Nothing was started.",
        )
        if not isinstance(inputs, dict):
            raise Rejected("What a guard made of the inputs is no object. Nothing was started.")
        return msgspec.structs.replace(cause, inputs=inputs, notes=(*cause.notes, *notes))

    async def hear(self, program: Program, state: SessionState, cause: Told) -> Told:
        """Return what somebody tells the session of `state`, as it may be recorded.

        Raises:
            Rejected: a guard does not let it pass, or another person would have to be asked.
        """
        guards = guards_at("input", self._guards, program.definition.guards)
        text = cause.note if isinstance(cause, i.DecideApproval) else ""
        if not guards or (cause.data is None and not text):
            return cause
        place = Place(
            border="input",
            tenant=state.tenant,
            user=state.user,
            session=state.session,
            what=_what(cause),
        )
        notes: list[i.Note] = []
        data = cause.data
        if data is not None:
            (data,) = await self._told(guards, place, data, notes)
            if isinstance(cause.data, dict) and not isinstance(data, dict):
                raise Rejected(f"What a guard made of {place} is no object. Nothing was recorded.")
        notes_all = (*cause.notes, *notes)
        if isinstance(cause, i.SendSignal):
            return msgspec.structs.replace(cause, data=data, notes=notes_all)
        if text:
            # A sentence of a person fits no schema that is meant for data.
            texts = [guard for guard in guards if guard.kind != "schema"]
            (note,) = await self._told(texts, place, text, notes)
            text = str(note)
        return msgspec.structs.replace(cause, data=data, note=text, notes=(*cause.notes, *notes))

    async def review(self, effect: Review, notes: list[i.Note]) -> Json:
        """Return the output of a session as guards let it pass.

        Raises:
            Blocked: one does not let it pass.
            NeedsApproval: a person is to decide, and has not yet.
            Escalatable: what a guard needs is not there.
        """
        place = Place(
            border="output",
            tenant=effect.tenant,
            user=effect.user,
            session=effect.session,
        )
        hearing = Hearing(self._judges, place, notes, effect.approved)
        guards = guards_at("output", self._guards, effect.guards)
        (output,) = await hearing.hear(guards, [effect.output])
        # Who is asked sees what would be given: all that could be struck out has been.
        hearing.close({"output": output})
        return output

    async def _told(
        self, guards: Sequence[Guard], place: Place, value: Json, notes: list[i.Note]
    ) -> list[Json]:
        nothing = "Nothing was recorded."
        return await self._heard(
            guards,
            place,
            [value],
            notes,
            asked=f"Who has told it cannot wait for another: {nothing[0].lower()}{nothing[1:]}",
            blocked=nothing,
        )

    async def _heard(
        self,
        guards: Sequence[Guard],
        place: Place,
        values: list[Json],
        notes: list[i.Note],
        *,
        asked: str,
        blocked: str,
    ) -> list[Json]:
        """Return the values as they pass. A person cannot be asked here, nothing could wait."""
        hearing = Hearing(self._judges, place, notes)
        try:
            values = await hearing.hear(guards, values)
            hearing.close()
        except NeedsApproval as error:
            raise Rejected(f"{error} {asked}") from None
        except WorkFailed as error:
            raise Rejected(f"{error} {blocked}") from None
        return values


def _what(cause: Told) -> str:
    if isinstance(cause, i.SendSignal):
        return f"the data of signal {cause.name!r}"
    return "what was said to the decision"
