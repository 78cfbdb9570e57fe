"""Logs that a release has written are read by every later one, and mean the same.

They were recorded by `scripts/record_sample_logs.py`, and are never changed. A test that fails here
says that somebody's sessions would be lost: give the new format an upcaster, the new rule a number.
"""

import base64
import json
import zlib
from pathlib import Path
from typing import Any, Final, get_args

import msgspec
import pytest

from scripts.record_sample_logs import portrait
from tenuto.adapters.cel import CelExpressions
from tenuto.codec.events import EventDecoder, encode_events
from tenuto.codec.snapshots import decode_snapshot, encode_snapshot
from tenuto.core.session.events import SessionEvent
from tenuto.core.session.evolve import evolve
from tenuto.core.session.state import SessionState
from tenuto.core.vocabulary import Digest
from tenuto.core.workflow.compile import compile_workflow
from tenuto.core.workflow.model import decode_definition
from tenuto.runtime.replaying import replay

FILES: Final = sorted(Path(__file__).parent.glob("logs/*/*.json"))


class Sample:
    """One recorded session."""

    def __init__(self, path: Path) -> None:
        self.told: dict[str, Any] = json.loads(path.read_text("utf-8"))
        self.artifacts = {
            digest: zlib.decompress(base64.b64decode(text))
            for digest, text in self.told["artifacts"].items()
        }
        self.payloads = [
            (commit["count"], base64.b64decode(commit["payload"]))
            for commit in self.told["commits"]
        ]

    def fetch(self, digest: Digest) -> bytes:
        return self.artifacts[digest]

    def log(self) -> list[SessionEvent]:
        decoder = EventDecoder(self.fetch)
        return [
            event for count, payload in self.payloads for event in decoder.decode(payload)[:count]
        ]


def ids(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_kept_log_folds_to_the_state_that_it_was_kept_with(path: Path) -> None:
    sample, state = Sample(path), SessionState()

    for event in sample.log():
        evolve(state, event)

    assert portrait(state) == sample.told["state"]


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_kept_log_is_decided_again_as_it_was(path: Path) -> None:
    sample = Sample(path)
    definition = decode_definition(json.dumps(sample.told["definition"]).encode())

    report = replay(sample.log(), compile_workflow(definition, CelExpressions()))

    assert report.divergence is None


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_kept_log_can_be_kept_as_a_snapshot(path: Path) -> None:
    state = SessionState()
    for event in Sample(path).log():
        evolve(state, event)

    again = decode_snapshot(encode_snapshot(state))

    assert again is not None
    assert encode_snapshot(again) == encode_snapshot(state)


@pytest.mark.parametrize("path", FILES, ids=ids)
def test_a_kept_log_is_written_as_it_was_but_for_fields_that_came_since(path: Path) -> None:
    """Until a format changes nothing but defaults is added, at the ends of events; then its
    upcaster takes the old ones."""
    sample = Sample(path)
    decoder = EventDecoder(sample.fetch)

    for _, payload in sample.payloads:
        events = decoder.decode(payload)
        now = encode_events(events)
        kept = msgspec.msgpack.decode(payload)
        written = msgspec.msgpack.decode(now.payload)
        assert [new[: len(old)] for new, old in zip(written, kept, strict=True)] == kept
        assert EventDecoder(sample.fetch).decode(now.payload) == events


def test_every_kind_of_event_is_kept() -> None:
    kept = {type(event).__name__ for path in FILES for event in Sample(path).log()}

    assert kept == {kind.__name__ for kind in get_args(SessionEvent)}
