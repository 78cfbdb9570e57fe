"""Events of older formats are brought up to date, one format at a time."""

from typing import Final

import msgspec
import pytest

from tenuto.codec import events as codec
from tenuto.codec.events import EventDecoder
from tenuto.codec.upcast import UPCASTERS, Upcaster, upcast
from tenuto.core.errors import CorruptLog
from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json

# An invented past: at first a task that began gave its moment in seconds, then it had no task yet.
INVENTED: Final[dict[str, Upcaster]] = {
    "TaskBegun/-1": lambda event: ["TaskBegun/0", event[1] * 1_000],
    "TaskBegun/0": lambda event: ["TaskBegun/1", event[1], 7],
}


def test_there_is_no_past_yet() -> None:
    assert UPCASTERS == {}


def test_an_old_event_goes_through_every_format_since() -> None:
    commit: Json = [["TaskBegun/-1", 3], ["TaskBegun/0", 4], ["TaskBegun/1", 5, 6]]

    assert upcast(commit, INVENTED) == [
        ["TaskBegun/1", 3_000, 7],
        ["TaskBegun/1", 4, 7],
        ["TaskBegun/1", 5, 6],
    ]


def test_a_decoder_reads_old_and_new_events_of_one_commit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(codec, "upcast", lambda commit: upcast(commit, INVENTED))
    payload = msgspec.msgpack.encode([["TaskBegun/-1", 3], ["SessionPaused/1", 4]])

    events = EventDecoder(lambda digest: b"").decode(payload)

    assert events == [e.TaskBegun(at_ms=3_000, task=7), e.SessionPaused(at_ms=4)]


@pytest.mark.parametrize("commit", [None, {}, [1], [[]], [[1, 2]]], ids=repr)
def test_what_has_not_the_shape_of_events_is_a_corrupt_log(commit: Json) -> None:
    with pytest.raises(CorruptLog, match="array"):
        upcast(commit, INVENTED)
