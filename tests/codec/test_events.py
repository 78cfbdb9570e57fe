"""Events to bytes and back: every kind, every value that JSON has, large payloads aside."""

import hashlib
from collections.abc import Sequence
from typing import Any, Final, get_args

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.codec.events import EventDecoder, encode_events
from tenuto.core import limits
from tenuto.core.agent.asks import Ask
from tenuto.core.budget import Budget, Spending
from tenuto.core.errors import CorruptLog, Failure, NotFound
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Digest
from tenuto.core.workflow.model import StateKey

KINDS: Final[tuple[type[Any], ...]] = get_args(e.SessionEvent)
LARGE: Final = "x" * (limits.PAYLOAD_BYTES_INLINE_MAX + 1)

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=8)
)
payloads = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS: Final[dict[str, st.SearchStrategy[Any]]] = {
    "output": payloads,
    "data": payloads,
    "inputs": st.dictionaries(st.text(max_size=4), payloads, max_size=2),
    "patch": st.dictionaries(st.text(max_size=4), payloads, max_size=2),
    "updates": st.none() | st.dictionaries(st.text(max_size=4), payloads, max_size=2),
    "state": st.dictionaries(
        st.text(max_size=4),
        st.builds(StateKey, reducer=st.sampled_from(["add", "append"]), initial=payloads),
        max_size=2,
    ),
    "failure": st.builds(
        Failure,
        kind=st.sampled_from(["transient", "recoverable", "escalatable", "fatal", "partial"]),
        code=st.text(max_size=5),
        message=st.text(max_size=9),
    ),
    "joins": st.dictionaries(
        st.text(max_size=2),
        st.none() | st.dictionaries(st.text(max_size=3), st.booleans(), max_size=2),
        max_size=2,
    ),
    "waves": st.dictionaries(
        st.text(max_size=3), st.none() | st.tuples(st.integers(0, 9), st.integers(0, 9)), max_size=2
    ),
    "cycles": st.dictionaries(
        st.text(max_size=2),
        st.none() | st.lists(st.text(max_size=4), max_size=2).map(tuple),
        max_size=2,
    ),
    "captures": st.lists(st.text(max_size=5), max_size=2).map(tuple),
    "jitter": st.floats(0, 0.999),
    "budget": st.builds(
        Budget,
        tokens=st.none() | st.integers(0, 2**40),
        usd=st.none() | st.floats(0, 1e9),
        seconds=st.none() | st.floats(0, 1e9),
    ),
    "shown": st.none()
    | st.builds(
        e.Shown,
        agent=st.text(max_size=4),
        messages=st.lists(st.integers(1, 99), max_size=3).map(tuple),
    ),
    "labels": st.lists(st.text(max_size=5), max_size=2).map(tuple),
    "spent": st.none() | st.builds(Spending, tokens=st.integers(0, 2**40), usd=st.floats(0, 1e9)),
    "ask": st.none()
    | st.builds(
        Ask,
        kind=st.text(max_size=5),
        title=st.text(max_size=5),
        details=st.dictionaries(st.text(max_size=4), payloads, max_size=2),
        assignees=st.lists(st.text(max_size=4), max_size=2).map(tuple),
        quorum=st.integers(1, 3),
        expires_ms=st.integers(0, 2**40),
    ),
}
BY_TYPE: Final[dict[Any, st.SearchStrategy[Any]]] = {
    int: st.integers(0, 2**40),
    str: st.text(max_size=6),
    bool: st.booleans(),
}


def events_of(kind: type[Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for events of one kind, with every field drawn."""
    fields = {}
    for field in msgspec.structs.fields(kind):
        name, hint = field.name, getattr(field.type, "__supertype__", field.type)
        if name in FIELDS:
            fields[name] = FIELDS[name]
        elif hint in BY_TYPE:
            fields[name] = BY_TYPE[hint]
        else:
            fields[name] = st.none() | st.text(max_size=6)
    return st.builds(kind, **fields)


def kept(artifacts: Sequence[bytes]) -> EventDecoder:
    """Return a decoder that finds exactly these artifacts."""
    by_digest = {Digest(hashlib.sha256(payload).hexdigest()): payload for payload in artifacts}

    def fetch(digest: Digest) -> bytes:
        if digest not in by_digest:
            raise NotFound(what="artifact", name=digest)
        return by_digest[digest]

    return EventDecoder(fetch)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
def test_any_event_comes_back_as_it_was(kind: type[Any]) -> None:
    @given(st.lists(events_of(kind), max_size=3))
    def comes_back(events: list[Any]) -> None:
        encoded = encode_events(events)

        assert kept(encoded.artifacts).decode(encoded.payload) == events

    comes_back()


def test_every_tag_names_its_event_and_a_format() -> None:
    tags = {kind.__struct_config__.tag: kind.__name__ for kind in KINDS}

    assert len(tags) == len(KINDS)
    assert all(tag.rpartition("/")[0] == name for tag, name in tags.items())
    assert all(tag.rpartition("/")[2].isdigit() for tag in tags)


@pytest.mark.parametrize(
    ("event", "field"),
    [
        (e.TaskCompleted(at_ms=1, task=1, output=LARGE, updates=None, undo=False), "output"),
        (e.TaskCompleted(at_ms=1, task=1, output=1, updates={"k": LARGE}, undo=False), "updates"),
        (e.Noted(at_ms=1, task=1, kind="k", data=[LARGE]), "data"),
        (e.SignalReceived(at_ms=1, name="s", data={"k": LARGE}, by=""), "data"),
        (e.SessionCompleted(at_ms=1, output=LARGE), "output"),
        (e.TaskRetried(at_ms=1, task=1, inputs={"k": LARGE}, by=""), "inputs"),
        (
            e.SessionForked(at_ms=1, session="f", origin="s", origin_version=1, patch={"k": LARGE}),
            "patch",
        ),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_a_large_payload_is_kept_aside_and_comes_back(event: Any, field: str) -> None:
    encoded = encode_events([event])

    assert len(encoded.payload) < 200
    assert len(encoded.artifacts) == 1
    assert len(encoded.artifacts[0]) > limits.PAYLOAD_BYTES_INLINE_MAX
    assert kept(encoded.artifacts).decode(encoded.payload) == [event]
    assert getattr(event, field)


def test_many_small_payloads_stay_where_they_are() -> None:
    small = "x" * 1_000
    events = [
        e.TaskCompleted(at_ms=1, task=n, output=small, updates=None, undo=False) for n in range(99)
    ]

    encoded = encode_events(events)

    assert len(encoded.payload) > limits.PAYLOAD_BYTES_INLINE_MAX
    assert encoded.artifacts == ()


def test_only_what_is_large_is_kept_aside() -> None:
    small = e.TaskCompleted(at_ms=1, task=1, output="small", updates=None, undo=False)
    large = e.TaskCompleted(at_ms=1, task=2, output=LARGE, updates=None, undo=False)

    encoded = encode_events([small, large])

    assert len(encoded.artifacts) == 1
    assert b"small" in encoded.payload


def test_an_artifact_that_is_missing_is_said_to_be_missing() -> None:
    encoded = encode_events([e.SessionCompleted(at_ms=1, output=LARGE)])

    with pytest.raises(NotFound, match="No artifact"):
        kept([]).decode(encoded.payload)


@pytest.mark.parametrize(
    "payload",
    [
        msgspec.msgpack.encode([["TaskDreamt/1", 1, 2]]),
        msgspec.msgpack.encode([["TaskBegun/99", 1, 2]]),
        msgspec.msgpack.encode([["TaskBegun/1", 1]]),
        msgspec.msgpack.encode([["TaskBegun/1", "soon", 2]]),
        msgspec.msgpack.encode([[]]),
        msgspec.msgpack.encode(["TaskBegun/1"]),
        msgspec.msgpack.encode({"TaskBegun/1": 1}),
        msgspec.msgpack.encode([["TaskBegun/1", 1, 2]])[:-1],
        b"",
        b"\xc1",
    ],
    ids=[
        "an unknown event",
        "a format of a later release",
        "a field too few",
        "a field of another type",
        "an event without a tag",
        "an event that is none",
        "a commit that is no array",
        "a commit cut short",
        "nothing",
        "noise",
    ],
)
def test_what_no_release_wrote_is_a_corrupt_log(payload: bytes) -> None:
    with pytest.raises(CorruptLog):
        kept([]).decode(payload)


def test_an_unknown_extension_is_a_corrupt_log() -> None:
    ext = msgspec.msgpack.Ext(77, b"what")
    payload = msgspec.msgpack.encode([["SessionCompleted/1", 1, ext]])

    with pytest.raises(CorruptLog, match="extension 77"):
        kept([]).decode(payload)


@given(st.binary(max_size=60))
def test_noise_is_never_taken_for_events(noise: bytes) -> None:
    try:
        events = kept([]).decode(noise)
    except (CorruptLog, NotFound):
        return
    assert all(isinstance(event, KINDS) for event in events)


@pytest.mark.parametrize("value", [2**70, object()], ids=["too large a number", "an object"])
def test_what_json_cannot_hold_is_refused_when_it_is_written(value: Any) -> None:
    with pytest.raises((TypeError, OverflowError)):
        encode_events([e.SessionCompleted(at_ms=1, output=value)])
