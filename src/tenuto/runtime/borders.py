"""Guards at the borders of sessions: what a session is started with, what people tell it, and what
comes out of it.

What goes in is looked at before it enters the log; what is refused is recorded nowhere. What comes
out is looked at in a task of its own, so that a crash, a missing key or a person who is asked is
nothing special.
"""

from collections.abc import Sequence

import msgspec

from tenuto.core.agent.guards import Guard, guards_at
from tenuto.core.errors import NeedsApproval, Rejected, WorkFailed
from tenuto.core.guarding.checks import masked, unsealed
from tenuto.core.session import inputs as i
from tenuto.core.session.effects import Review
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Digest, Json
from tenuto.core.workflow.program import Program
from tenuto.runtime.forms import Told, fitted
from tenuto.runtime.judging import Hearing, Judges, Place


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
        inputs = await self._passed(guards, place, cause.inputs, notes)
        assert isinstance(inputs, dict), "an object stays one"
        schema = definition.input_schema
        if schema is not None and inputs is not cause.inputs:
            fault = self._judges.means(cause.tenant).fault(schema, inputs)
            if fault is not None:
                raise Rejected(
                    f"What guards made of the inputs does not fit workflow {definition.name!r}: "
                    f"{masked(fault)}. Nothing was started."
                )
        return msgspec.structs.replace(cause, inputs=inputs, notes=(*cause.notes, *notes))

    async def hear(self, program: Program, state: SessionState, cause: Told) -> Told:
        """Return what somebody tells the session of `state`, as it may be recorded.

        Raises:
            Rejected: it does not fit the form that it is for, a guard does not let it pass, or
                another person would have to be asked.
        """
        if isinstance(cause, i.SendSignal) and cause.key in state.signal_keys:
            return cause
        cause = fitted(program, state, cause, self._judges.means(state.tenant).fault)
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
            data = await self._passed(guards, place, data, notes)
        if isinstance(cause, i.SendSignal):
            return msgspec.structs.replace(cause, data=data, notes=(*cause.notes, *notes))
        if text:
            # A sentence of a person fits no schema that is meant for data.
            texts = [guard for guard in guards if guard.kind != "schema"]
            text = str(await self._passed(texts, place, text, notes))
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

    async def _passed(
        self, guards: Sequence[Guard], place: Place, value: Json, notes: list[i.Note]
    ) -> Json:
        """Return a value as it passes. Nobody is asked: there is no task that could wait.

        Raises:
            Rejected: it does not pass.
        """
        refused = "Nothing was recorded." if place.what else "Nothing was started."
        hearing = Hearing(self._judges, place, notes)
        try:
            (passed,) = await hearing.hear(guards, [value])
            hearing.close()
        except NeedsApproval as error:
            raise Rejected(f"{error} Nobody can be asked about it here. {refused}") from None
        except WorkFailed as error:
            raise Rejected(f"{error} {refused}") from None
        if isinstance(value, dict) and not isinstance(passed, dict):
            raise Rejected(f"What a guard made of {place} is no object. {refused}")
        return passed


def _what(cause: Told) -> str:
    if isinstance(cause, i.SendSignal):
        return f"the data of signal {cause.name!r}"
    return "what was said to the decision"
