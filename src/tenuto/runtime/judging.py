"""Asks the guards of a border about a value, one after the other, and puts on record what they say.

A guard that raises or takes too long blocks: what could not be judged does not pass.
"""

import asyncio
import hashlib
import inspect
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tenuto.core.agent.asks import Ask
from tenuto.core.agent.guards import GUARD_BLOCKED, Border, Guard, GuardContext, Outcome, Verdict
from tenuto.core.errors import Fatal, NeedsApproval, WorkFailed
from tenuto.core.guarding.checks import findings, judged, masked
from tenuto.core.guarding.texts import Finding
from tenuto.core.session.inputs import Note
from tenuto.core.vocabulary import Json, JsonObject
from tenuto.ports.schemas import Schemas
from tenuto.ports.sealing import NoGuardKey, Sealing
from tenuto.runtime.code import Code, Function
from tenuto.runtime.json_values import to_json
from tenuto.runtime.limiting import within

NOTE: Final = "guard"
"""The kind of note that a verdict other than `pass` leaves."""

_KNOWN_CHARS_MAX: Final = 4_000_000
"""Texts whose findings are remembered, together."""
_VERDICTS_MAX: Final = 10_000


class Blocked(Fatal):
    """A guard lets a value not pass."""

    def __init__(self, guard: str, what: str, reason: str) -> None:
        super().__init__(f"Guard {guard!r} blocks {what}: {reason}.", code=GUARD_BLOCKED)


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where a value passes, and whose it is."""

    border: Border
    tenant: str
    user: str
    session: str
    agent: str = ""
    tool: str = ""
    """Of a node's function its reference."""
    what: str = ""
    """In words what passes, where the border does not say it."""

    def __str__(self) -> str:
        if self.what:
            return self.what
        whose = f"agent {self.agent!r}" if self.agent else "the session"
        match self.border:
            case "input":
                return f"the inputs of {whose}"
            case "before_model":
                return f"what the model of {whose} would be shown"
            case "after_model":
                return f"what the model of {whose} answered"
            case "before_tool":
                return f"the arguments for tool {self.tool!r}"
            case "after_tool":
                return f"the result of tool {self.tool!r}"
            case "after_function":
                return f"what function {self.tool!r} gave"
            case "handoff":
                return f"what {whose} was given to do"
            case "output":
                return f"the output of {whose}"


class Judges:
    """Knows the code of guards, and what they need of the outside."""

    def __init__(
        self, *, code: Code, schemas: Schemas, sealing: Sealing, inline: bool = False
    ) -> None:
        self._code, self._schemas, self._sealing = code, schemas, sealing
        self._inline = inline
        """True: plain functions run on the event loop's thread."""
        self._found: dict[tuple[int, str], tuple[Finding, ...]] = {}
        self._found_chars = 0
        self._verdicts: dict[tuple[int, str, bytes], Verdict] = {}
        self._kept: dict[int, Guard] = {}
        """Keeps the guards alive by whose ids things are remembered."""

    def means(self, tenant: str) -> "TenantMeans":
        """Return what checks need, for one tenant."""
        return TenantMeans(self._schemas, self._sealing, tenant)

    def check(self, guards: Sequence[Guard]) -> None:
        """Check that the schemas and patterns of guards are such.

        Raises:
            Rejected: one is not.
        """
        for guard in guards:
            if guard.fits is not None:
                self._schemas.fault(guard.fits, None)
            for pattern in (*guard.deny, *guard.require):
                self._schemas.fault({"pattern": pattern}, "")

    def ready(self, guards: Sequence[Guard], tenant: str) -> None:
        """Check that the code and the key are there that guards will need once something has been
        done that cannot be taken back.

        Raises:
            Escalatable: one is not; the message says which.
        """
        for guard in guards:
            if guard.kind == "function":
                self._code.function(guard.ref)
            elif guard.kind == "pii" and guard.action == "rewrite":
                self._sealing.seal(tenant, "email", "")

    def find(self, guard: Guard, text: str) -> tuple[Finding, ...]:
        """Return what a guard finds in a text, from memory where it has seen it: a conversation is
        shown to a model again with each turn."""
        key = self._key(guard), text
        known = self._found.get(key)
        if known is None:
            if self._found_chars > _KNOWN_CHARS_MAX:
                self._found.clear()
                self._found_chars = 0
            known = self._found[key] = findings(guard, text)
            self._found_chars += len(text) + 100
        return known

    async def verdict(
        self, guard: Guard, place: Place, values: list[Json], *, again: bool = False
    ) -> Verdict:
        """Return what a guard says of values; that it blocks, where it cannot say.

        `again`: what a function said of the same before is what it says now.

        Raises:
            Escalatable: its code or its key is not there: somebody can mend that.
        """
        function = self._code.function(guard.ref) if guard.kind == "function" else None
        try:
            if function is None:
                return judged(guard, values, self.means(place.tenant), self.find)
            return await self._asked(guard, place, values, function=function, again=again)
        except NoGuardKey:
            raise
        except TimeoutError:
            return Verdict.block(f"it had no verdict after {guard.timeout_ms} ms")
        except WorkFailed as error:
            return Verdict.block(f"it failed: {masked(str(error)).rstrip('.')}")
        except Exception as error:
            misfit = _misfit(function) if isinstance(error, TypeError) else ""
            return Verdict.block(misfit or f"it failed with {type(error).__name__}")

    async def _asked(
        self, guard: Guard, place: Place, values: list[Json], *, function: Function, again: bool
    ) -> Verdict:
        """Return what a function says of a value, which is alone in its list."""
        encoded = msgspec.msgpack.encode([values, place])
        key = self._key(guard), guard.ref, encoded
        if again and key in self._verdicts:
            return self._verdicts[key]
        (own,) = msgspec.msgpack.decode(encoded)[0]
        context = GuardContext(
            guard=guard.called,
            border=place.border,
            tenant=place.tenant,
            user=place.user,
            session=place.session,
            agent=place.agent,
            tool=place.tool,
        )
        said = await within(guard.timeout_ms, self._run(function, own, context))
        if len(self._verdicts) >= _VERDICTS_MAX:
            self._verdicts.clear()
        found = self._verdicts[key] = _verdict_from(guard, said)
        return found

    async def _run(self, function: Function, value: Json, context: GuardContext) -> Any:
        if self._inline or inspect.iscoroutinefunction(function):
            said = function(value, context)
        else:
            said = await asyncio.to_thread(function, value, context)
        return await said if inspect.isawaitable(said) else said

    def _key(self, guard: Guard) -> int:
        key = id(guard)
        self._kept.setdefault(key, guard)
        return key


class TenantMeans:
    """What checks need of the outside, on behalf of one tenant."""

    def __init__(self, schemas: Schemas, sealing: Sealing, tenant: str) -> None:
        self._schemas, self._sealing, self._tenant = schemas, sealing, tenant

    def fault(self, schema: JsonObject, value: Json) -> str | None:
        """See `Means.fault`."""
        return self._schemas.fault(schema, value)

    def seal(self, kind: str, text: str) -> str:
        """See `Means.seal`."""
        return self._sealing.seal(self._tenant, kind, text)

    def unseal(self, kind: str, sealed: str) -> str | None:
        """See `Means.unseal`."""
        return self._sealing.unseal(self._tenant, kind, sealed)


class Hearing:
    """One value at one border: what its guards make of it."""

    def __init__(
        self,
        judges: Judges,
        place: Place,
        notes: list[Note],
        approved: Sequence[str] = (),
        *,
        again: bool = False,
    ) -> None:
        self._judges, self._place, self._again = judges, place, again
        self._notes, self._approved = notes, approved
        self._asks: list[Ask] = []

    async def hear(self, guards: Sequence[Guard], values: list[Json]) -> list[Json]:
        """Return the values as the guards let them pass; a function is asked about each of them
        alone, other guards about all of them together.

        Raises:
            Blocked: a guard does not let them pass.
        """
        for guard in guards:
            if guard.kind == "function":
                values = [
                    value if value in ("", None) else (await self._heard(guard, [value]))[0]
                    for value in values
                ]
            else:
                values = await self._heard(guard, values)
        return values

    async def repeat(self, guard: Guard, values: list[Json]) -> list[Json]:
        """Return values that have passed before as they passed then: nobody is asked again."""
        if guard.kind == "function" or guard.action == "rewrite":
            quiet = Hearing(self._judges, self._place, [], again=True)
            return await quiet.hear((guard,), values)
        return values

    def close(self, details: JsonObject | None = None) -> None:
        """Let the values pass.

        Raises:
            NeedsApproval: a person is to decide, and has not yet.
        """
        if self._asks:
            ask = self._asks[0]
            raise NeedsApproval(
                msgspec.structs.replace(ask, details={**ask.details, **(details or {})})
            )

    async def _heard(self, guard: Guard, values: list[Json]) -> list[Json]:
        place = self._place
        verdict = await self._judges.verdict(guard, place, values, again=self._again)
        kind = _kind_of_question(guard, place, verdict) if verdict.outcome == "ask" else ""
        if verdict.outcome == "pass" or kind in self._approved:
            return values
        self._notes.append(_note(guard, place, verdict))
        match verdict.outcome:
            case "block":
                raise Blocked(guard.called, str(place), verdict.reason)
            case "ask":
                self._asks.append(_ask(guard, place, verdict, kind))
                return values
        assert isinstance(verdict.value, list), "what is rewritten are the values"
        return verdict.value


def _misfit(function: Function | None) -> str:
    """Return that a function cannot be called as guards are, or nothing."""
    if function is None:
        return ""
    try:
        signature = inspect.signature(function)
        signature.bind(None, None)
    except TypeError:
        return f"it is called with (value, ctx), and takes {signature}"
    except ValueError:
        pass
    return ""


def _kind_of_question(guard: Guard, place: Place, verdict: Verdict) -> str:
    """What is granted holds for one guard, though another bear the same name, and for one reason: a
    model that is asked again may answer something else."""
    digest = hashlib.sha256(msgspec.json.encode([guard, verdict.reason])).hexdigest()[:8]
    return f"guard:{place.border}:{guard.called}:{digest}"


def _note(guard: Guard, place: Place, verdict: Verdict) -> Note:
    data: JsonObject = {
        "guard": guard.called,
        "border": place.border,
        "verdict": verdict.outcome,
        "reason": verdict.reason,
    }
    if place.agent:
        data["agent"] = place.agent
    if place.tool:
        data["tool"] = place.tool
    if place.what:
        data["what"] = place.what
    return Note(NOTE, data)


def _ask(guard: Guard, place: Place, verdict: Verdict, kind: str) -> Ask:
    return Ask(
        kind=kind,
        title=f"Guard {guard.called!r} wants a person to look at {place}: {verdict.reason}",
        details={"guard": guard.called, "border": place.border, "reason": verdict.reason},
        assignees=guard.assignees,
        expires_ms=guard.expires_ms,
    )


def _verdict_from(guard: Guard, said: Any) -> Verdict:
    """Return what a guard function has said, as a verdict. What is none blocks."""
    outcome: Outcome = "ask" if guard.action == "ask" else "block"
    if said is True or said == "":
        return Verdict()
    if said is False:
        return Verdict(outcome=outcome, reason="it does not let it pass")
    if isinstance(said, str):
        return Verdict(outcome=outcome, reason=masked(said))
    if not isinstance(said, Verdict):
        return Verdict.block(f"it gave {type(said).__name__}, which is no verdict")
    reason = masked(said.reason)
    if said.outcome != "rewrite":
        return Verdict(outcome=said.outcome, reason=reason)
    if isinstance(said.value, msgspec.UnsetType):
        return Verdict.block("it rewrites, and gave no value")
    return Verdict.rewrite([to_json(said.value)], reason)
