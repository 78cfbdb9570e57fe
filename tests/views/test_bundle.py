"""A session as one file: everything is in it, nothing secret is, and whether it is whole shows."""

import hashlib
import json
from typing import Any

from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Json
from tenuto.views.bundle import INLINE_BYTES_MAX, Bundle
from tenuto.views.redacting import redacted
from tests.views.logs import SESSION, Log, drafted, flow, function

KEY = "sk-ant-" + "a1B2c3D4" * 5


def lines_of(log: Log, *, artifacts: bool = True) -> list[bytes]:
    bundle = Bundle(log.definition, artifacts=artifacts)
    lines = [*bundle.begin(session=SESSION, release="0.1", at="2026-01-31T09:00:00.000Z")]
    for version, event in log.events:
        lines += bundle.add(event, version=version, position=version)
    return [*lines, *bundle.end(status="completed")]


def told_in(lines: list[bytes]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_a_bundle_holds_the_definition_and_each_event_and_ends_with_the_digest_of_it_all() -> None:
    log = drafted()

    lines = lines_of(log)

    told = told_in(lines)
    assert [line["kind"] for line in told] == [
        "bundle",
        "definition",
        *["event"] * len(log.events),
        "end",
    ]
    assert (told[0]["format"], told[0]["session"]) == (1, SESSION)
    assert told[1]["definition"]["name"] == "flow"
    assert [line["event"]["version"] for line in told[2:-1]] == [
        version for version, _ in log.events
    ]
    assert told[-1]["events"] == len(log.events)
    assert told[-1]["sha256"] == hashlib.sha256(b"".join(lines[:-1])).hexdigest()
    assert all(line.endswith(b"\n") and line.count(b"\n") == 1 for line in lines)


def test_a_large_payload_is_an_artifact_that_is_there_once() -> None:
    text = "x" * INLINE_BYTES_MAX
    log = Log(flow(function("a")), {"text": text})
    log.give(i.SendSignal(at_ms=log.now_ms, name="same", data={"text": text}))

    told = told_in(lines_of(log))

    (artifact,) = (line for line in told if line["kind"] == "artifact")
    assert artifact["value"] == {"text": text}
    named = {"$artifact": artifact["digest"], "bytes": len(text) + 11}
    assert told[3]["event"]["inputs"] == named
    assert told[-2]["event"]["data"] == named

    slim = told_in(lines_of(log, artifacts=False))
    assert "artifact" not in [line["kind"] for line in slim]
    assert slim[-2]["event"]["data"] == named


def test_no_secret_leaves_in_a_bundle() -> None:
    log = Log(flow(function("a")), {"note": f"my key is {KEY}", "deep": [{"api_key": KEY}]})

    whole = b"".join(lines_of(log))

    assert KEY.encode() not in whole
    assert b"my key is [secret:anthropic_key]" in whole


def test_what_a_member_is_called_tells_that_its_value_is_secret() -> None:
    value: Json = {"password": "Tr0ub4dor&3xyzQ9", "title": "Tr0ub4dor&3xyzQ9", "count": 3}

    clean = redacted(value)

    assert isinstance(clean, dict)
    assert str(clean["password"]).startswith("[secret:")
    assert (clean["title"], clean["count"]) == ("Tr0ub4dor&3xyzQ9", 3)
    assert redacted(None) is None
