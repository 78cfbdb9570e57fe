"""Guards: what is looked at on its way over a border, and what follows. Definitions as data.

| border | what passes it |
| --- | --- |
| `input` | the inputs of a session, what people tell it, and the inputs of each agent's task |
| `before_model` | all that a model is shown in a turn |
| `after_model` | what it answers: text, data, arguments of calls |
| `before_tool` | arguments of a call |
| `after_tool` | its result |
| `after_function` | what the function of a node gives |
| `handoff` | what another agent is given to do, with the conversation where it takes over |
| `output` | the answer that becomes an agent's output; the output of a session |

All guards of a border are asked, those of the process first, then those of the workflow, then those
of the agent; each sees what the ones before it made of the value. The strictest verdict counts:
block beats ask, ask beats rewrite, rewrite beats pass.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Final, Literal, TypeAlias, TypedDict, Unpack, get_args

import msgspec

from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import Json, JsonObject

Border: TypeAlias = Literal[
    "input",
    "before_model",
    "after_model",
    "before_tool",
    "after_tool",
    "after_function",
    "handoff",
    "output",
]
GuardKind: TypeAlias = Literal[
    "schema", "length", "regex", "secrets", "pii", "injection", "function"
]
Action: TypeAlias = Literal["block", "ask", "rewrite"]
Outcome: TypeAlias = Literal["pass", "rewrite", "ask", "block"]

BORDERS: Final[tuple[Border, ...]] = get_args(Border)
OUTCOMES: Final[tuple[Outcome, ...]] = ("pass", "rewrite", "ask", "block")
"""From the mildest to the strictest."""

PiiKind: TypeAlias = Literal["email", "iban", "card", "ssn", "ip", "phone"]
PII_KINDS: Final[tuple[PiiKind, ...]] = get_args(PiiKind)
"""Of one place that could be two kinds, the first counts."""

GUARD_BLOCKED: Final = "guard_blocked"
"""Code of the failure of what a guard blocks."""

_USUAL: Final[dict[GuardKind, tuple[Border, ...]]] = {
    "pii": ("input", "before_model", "after_tool"),
    "secrets": ("input", "after_model", "before_tool", "after_tool", "handoff", "output"),
    "injection": ("input", "after_tool", "handoff"),
}
_REWRITERS: Final = frozenset({"pii", "secrets", "injection", "length"})
_OWN: Final[dict[str, GuardKind]] = {
    "fits": "schema",
    "chars_max": "length",
    "items_max": "length",
    "deny": "regex",
    "require": "regex",
    "only": "pii",
    "restore": "pii",
    "ref": "function",
    "timeout_ms": "function",
}
"""Settings that one kind alone has."""

_BACKTRACKING: Final = ("(?=", "(?!", "(?<=", "(?<!", "(?>", "(?P=", "\\k")
_POSSESSIVE: Final = ("*+", "++", "?+", "}+")


class Common(TypedDict, total=False):
    """What can be said of a guard of any kind."""

    name: str
    action: Action
    assignees: Sequence[str]
    expires_ms: int


class Placed(Common, total=False):
    """What can be said of a guard that has usual borders."""

    at: Sequence[Border]


class Guard(
    msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, forbid_unknown_fields=True
):
    """One guard. The constructors below say what each kind takes.

    Example:
        Agent("clerk", guards=[Guard.pii(redact=True, restore=["mail:send"]), Guard.injection()])
    """

    kind: GuardKind
    name: str = ""
    """What records and messages call it; where there is none its function, or its kind."""
    at: tuple[Border, ...] = ()
    """The borders it stands at; empty: those that are usual for its kind."""
    action: Action = "block"
    """What follows when it finds something."""
    fits: JsonObject | None = None
    """schema: the JSON Schema that the value must fit."""
    chars_max: int = 0
    """length: of all texts of the value together; 0: no bound."""
    items_max: int = 0
    """length: of each list and object; 0: no bound."""
    deny: tuple[str, ...] = ()
    """regex: patterns that no text may hold."""
    require: tuple[str, ...] = ()
    """regex: patterns of which each must be found in some text."""
    only: tuple[PiiKind, ...] = ()
    """pii: which kinds; empty: all."""
    restore: tuple[str, ...] = ()
    """pii: names or permissions of tools (globs) that get the values behind the tokens."""
    ref: str = ""
    """function: `module:name`."""
    timeout_ms: int = 10_000
    """function: one that takes longer blocks."""
    assignees: tuple[str, ...] = ()
    """ask: who may decide; empty: anybody."""
    expires_ms: int = 0
    """ask: after so long without a decision it counts as denied; 0: it waits."""

    @property
    def called(self) -> str:
        """Return what records and messages call it."""
        return self.name or self.ref.rpartition(":")[2] or self.kind

    @property
    def borders(self) -> tuple[Border, ...]:
        """Return the borders it stands at. Who hands real values to a tool looks at what comes
        back."""
        borders = self.at or _USUAL.get(self.kind, ())
        if self.restore and "after_tool" not in borders:
            return (*borders, "after_tool")
        return borders

    @classmethod
    def schema(cls, fits: JsonObject, *, at: Sequence[Border], **more: Unpack[Common]) -> "Guard":
        """Return a guard that blocks what does not fit a JSON Schema."""
        return _made(cls, kind="schema", fits=fits, at=at, **more)

    @classmethod
    def length(
        cls,
        chars: int = 0,
        *,
        at: Sequence[Border],
        items: int = 0,
        cut: bool = False,
        **more: Unpack[Common],
    ) -> "Guard":
        """Return a guard that blocks (or, with `cut`, cuts) texts of more than `chars` characters
        together, and lists and objects of more than `items`."""
        settings = _acting(more, rewrite=cut)
        return _made(cls, kind="length", chars_max=chars, items_max=items, at=at, **settings)

    @classmethod
    def regex(
        cls,
        *,
        at: Sequence[Border],
        deny: str | Sequence[str] = (),
        require: str | Sequence[str] = (),
        **more: Unpack[Common],
    ) -> "Guard":
        """Return a guard that blocks texts with a pattern of `deny`, and values without one of
        `require`. Patterns take time in the length of the text: no look-around, no back-reference.
        """
        return _made(cls, kind="regex", deny=_texts(deny), require=_texts(require), at=at, **more)

    @classmethod
    def secrets(cls, *, redact: bool = False, **more: Unpack[Placed]) -> "Guard":
        """Return a guard that blocks keys, tokens and passwords, or (`redact`) strikes them out."""
        return _made(cls, kind="secrets", **_acting(more, rewrite=redact))

    @classmethod
    def pii(
        cls,
        *,
        redact: bool = False,
        only: Sequence[PiiKind] = (),
        restore: str | Sequence[str] = (),
        **more: Unpack[Placed],
    ) -> "Guard":
        """Return a guard that blocks personal data, or (`redact`) puts a token in its place.

        The same value has the same token within a tenant. Tools that `restore` names, by name or
        permission, get the value back. Needs the extra `guards` and a key: `$TENUTO_GUARD_KEY`."""
        settings = _acting(more, rewrite=redact)
        return _made(cls, kind="pii", only=only, restore=_texts(restore), **settings)

    @classmethod
    def injection(cls, **more: Unpack[Placed]) -> "Guard":
        """Return a guard that blocks text which gives orders to a model; `action="rewrite"` strikes
        them out. A heuristic: what holds is a rule about labels, or a person."""
        return _made(cls, kind="injection", **more)

    @classmethod
    def function(
        cls,
        function: str | Callable[..., object],
        *,
        at: Sequence[Border],
        timeout_ms: int = 10_000,
        **more: Unpack[Common],
    ) -> "Guard":
        """Return a guard of your own: `function(value, ctx)`, plain or async, gives a `Verdict`,
        True (pass), False, or a text that says what is wrong."""
        ref = function if isinstance(function, str) else _ref_of(function)
        return _made(cls, kind="function", ref=ref, at=at, timeout_ms=timeout_ms, **more)


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard says of a value. `reason` never holds what was found, only what kind of it."""

    outcome: Outcome = "pass"
    reason: str = ""
    value: Json | msgspec.UnsetType = msgspec.UNSET
    """What takes the value's place, where the outcome is `rewrite`."""

    @classmethod
    def passes(cls) -> "Verdict":
        """Return that nothing is wrong."""
        return cls()

    @classmethod
    def block(cls, reason: str) -> "Verdict":
        """Return that the value may not pass."""
        return cls(outcome="block", reason=reason)

    @classmethod
    def ask(cls, reason: str) -> "Verdict":
        """Return that a person is to decide."""
        return cls(outcome="ask", reason=reason)

    @classmethod
    def rewrite(cls, value: Json, reason: str = "") -> "Verdict":
        """Return that `value` is to pass in place of the one that was given."""
        return cls(outcome="rewrite", reason=reason, value=value)


class GuardContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a guard function is told of the place where it stands."""

    guard: str
    border: Border
    tenant: str
    user: str
    session: str
    agent: str = ""
    """Empty where no agent is at work."""
    tool: str = ""


def strictest(outcomes: Iterable[Outcome]) -> Outcome:
    """Return the strictest of the outcomes; `pass` of none."""
    return max(outcomes, key=OUTCOMES.index, default="pass")


def guards_at(border: Border, *parts: Sequence[Guard]) -> tuple[Guard, ...]:
    """Return the guards of the parts that stand at a border, in order, equal ones once."""
    found: list[Guard] = []
    for guards in parts:
        found += [guard for guard in guards if border in guard.borders and guard not in found]
    return tuple(found)


def faults_of_guard(guard: Guard) -> Iterator[str]:
    """Return what is wrong with a guard, as sentences that go on after its name."""
    if guard.kind not in get_args(GuardKind):
        yield f"is of kind {guard.kind!r}; there are: {', '.join(get_args(GuardKind))}."
        return
    strange = [border for border in guard.at if border not in BORDERS]
    if strange:
        yield f"stands at {strange[0]!r}; there are: {', '.join(BORDERS)}."
    if not guard.borders:
        yield f"stands nowhere; give it at=[…] of: {', '.join(BORDERS)}."
    if guard.action not in get_args(Action):
        yield f"has action={guard.action!r}; there are: {', '.join(get_args(Action))}."
    elif guard.action == "rewrite" and guard.kind not in _REWRITERS:
        yield f"cannot rewrite; of kind {guard.kind!r} it blocks or asks."
    for setting, kind in _OWN.items():
        default = Guard(kind=kind)
        if kind != guard.kind and getattr(guard, setting) != getattr(default, setting):
            yield f"has {setting}, which only guards of kind {kind!r} have."
    yield from _faults_of_settings(guard)


def checked_guards(given: Sequence[object], whose: str) -> tuple[Guard, ...]:
    """Return the guards.

    Raises:
        DefinitionError: one is none, or is wrong.
    """
    faults: list[str] = []
    guards: list[Guard] = []
    for guard in given:
        if isinstance(guard, Guard):
            guards.append(guard)
            faults += [
                f"{whose} has a guard {guard.called!r} that {f}" for f in faults_of_guard(guard)
            ]
        else:
            faults.append(f"{whose} has a guard {guard!r:.60}, which is no Guard.")
    if faults:
        raise DefinitionError([Problem(message=fault) for fault in faults])
    return tuple(guards)


def _faults_of_settings(guard: Guard) -> Iterator[str]:
    if guard.kind == "schema" and guard.fits is None:
        yield "has no schema; give it fits={…}."
    if guard.kind == "schema" and {"before_model", "after_model"} & set(guard.at):
        yield "holds a conversation against a schema; it can stand at the other borders."
    if guard.kind == "length" and guard.chars_max <= 0 and guard.items_max <= 0:
        yield "bounds nothing; give it chars_max or items_max, 1 or more."
    if guard.kind == "regex" and not guard.deny and not guard.require:
        yield "has no pattern; give it deny=[…] or require=[…]."
    if guard.kind == "function" and not guard.ref:
        yield "names no function; give it ref: module:name."
    if guard.restore and guard.action != "rewrite":
        yield "restores what it does not redact; give it action: rewrite, or no restore."
    if guard.timeout_ms < 1 or guard.expires_ms < 0:
        yield "has a time below 0, or no time at all; give milliseconds."
    for pattern in (*guard.deny, *guard.require):
        if not pattern or _backtracks(pattern):
            yield (
                f"has the pattern {pattern!r:.80}, which is empty or looks around or back; the "
                "time of such a one cannot be bounded. Write several patterns, or a function."
            )
    strange = [kind for kind in guard.only if kind not in PII_KINDS]
    if strange:
        yield f"looks for {strange[0]!r}; there are: {', '.join(PII_KINDS)}."


def _backtracks(pattern: str) -> bool:
    """Return whether a pattern needs an engine that searches back."""
    if any(part in pattern for part in (*_BACKTRACKING, *_POSSESSIVE)):
        return True
    escaped = False
    for sign in pattern:
        if escaped and sign in "123456789":
            return True
        escaped = sign == "\\" and not escaped
    return False


def _made(cls: type[Guard], **settings: object) -> Guard:
    """Return the guard, or say all that is wrong with it.

    Raises:
        DefinitionError: a setting is unknown, of a wrong type, or does not fit its kind.
    """
    try:
        guard = msgspec.convert(msgspec.to_builtins(settings), cls)
        faults = [f"Guard {guard.called!r} {fault}" for fault in faults_of_guard(guard)]
    except (msgspec.ValidationError, TypeError) as error:
        faults = [f"A guard of kind {settings['kind']!r} cannot be made: {error}."]
    if faults:
        raise DefinitionError([Problem(message=fault) for fault in faults])
    return guard


def _acting(more: Common, *, rewrite: bool) -> dict[str, object]:
    return {"action": "rewrite", **more} if rewrite else {**more}


def _texts(given: str | Sequence[str]) -> tuple[str, ...]:
    return (given,) if isinstance(given, str) else tuple(given)


def _ref_of(function: Callable[..., object]) -> str:
    module, name = getattr(function, "__module__", ""), getattr(function, "__qualname__", "")
    if not module or not name or "<" in name:
        message = f"{function!r:.80} has no name by which it can be imported."
        hint = 'Write it at the top of a module, or name it: tenuto.open(code={"polite": …}).'
        raise DefinitionError([Problem(message=message, hint=hint)])
    return f"{module}:{name}"
