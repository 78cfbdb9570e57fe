"""Snapshots are a cache: one that cannot be read is none."""

import msgspec
import pytest

from tenuto.codec.snapshots import SNAPSHOT_FORMAT, decode_snapshot, encode_snapshot
from tenuto.core.session.state import SessionState
from tests.core.session.story import Story, chain, plain


def test_a_snapshot_comes_back_as_it_was() -> None:
    story = Story(chain("a", "b"), {"x": [1, {"y": None}]})
    story.done("a", {"n": 1.5})

    again = decode_snapshot(encode_snapshot(story.state))

    assert again is not None
    assert plain(again) == plain(story.state)


def test_a_session_goes_on_from_its_snapshot() -> None:
    story = Story(chain("a", "b"), {})
    story.done("a", 1)
    again = decode_snapshot(encode_snapshot(story.state))
    assert again is not None

    story.state = again
    story.done("b", 2)

    assert story.phase == "completed"
    assert story.state.output == {"b": 2}


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"noise",
        msgspec.msgpack.encode((SNAPSHOT_FORMAT + 1, SessionState())),
        msgspec.msgpack.encode((SNAPSHOT_FORMAT, {"version": "many"})),
    ],
    ids=["nothing", "noise", "another format", "another shape"],
)
def test_a_snapshot_of_another_release_is_none(payload: bytes) -> None:
    assert decode_snapshot(payload) is None
