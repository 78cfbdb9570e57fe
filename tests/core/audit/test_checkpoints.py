"""Checkpoints bear marks that only their key makes, and say nothing of it."""

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from tenuto.core.audit.checkpoints import (
    Checkpoint,
    Key,
    commit_leaf,
    read_checkpoint,
    value_of,
)

SECRET = "a secret of more than 32 characters"
CHECKPOINT = Checkpoint(entries_after=1, entries=9, events_after=2, events=30, commits=7)


def test_a_mark_is_known_by_its_key_alone() -> None:
    marked = Key(SECRET).marked(CHECKPOINT)

    assert Key(SECRET).made(marked)
    assert not Key(SECRET + "!").made(marked)
    assert not Key(SECRET).made(CHECKPOINT)


def test_a_key_shows_nothing_of_its_secret() -> None:
    key = Key(SECRET)

    shown = repr(key) + msgspec.json.encode(key.marked(CHECKPOINT)).decode()

    assert "secret" not in shown
    assert repr(key) == f"Key({key.id})"


@given(st.sampled_from(Checkpoint.__struct_fields__))
def test_a_mark_covers_every_part_of_a_checkpoint(name: str) -> None:
    key = Key(SECRET)
    marked = key.marked(CHECKPOINT)
    value = getattr(marked, name)
    changed = (
        value + 1 if isinstance(value, int) else value[:-1] + ("0" if value[-1:] != "0" else "1")
    )

    assert not key.made(msgspec.structs.replace(marked, **{name: changed}))


def test_a_checkpoint_comes_back_from_its_record() -> None:
    marked = Key(SECRET).marked(CHECKPOINT)

    assert read_checkpoint(value_of(marked)) == marked
    assert read_checkpoint(None) is None
    assert read_checkpoint({"entries": "many"}) is None


def test_no_payload_passes_for_a_part_of_the_names_before_it() -> None:
    assert commit_leaf(("s", 1), b"\nx") != commit_leaf(("s", 1, "x"), b"")
    assert commit_leaf(("s\n", 1), b"x") != commit_leaf(("s", 1), b"\nx")
    assert commit_leaf(("s", 1), b"x") != commit_leaf(("s", "1"), b"x")
