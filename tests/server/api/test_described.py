"""The description of the API is true: what is asked by it gets an answer that it names.

Source of the checks: schemathesis, which makes requests from the description, good ones and bad
ones, and compares the answers with it.
"""

import functools
import json
import re
from collections.abc import Callable, Iterator
from typing import Any, Final

import httpx2
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.errors import FlakyStrategyDefinition
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from scripts.write_openapi import TARGET, rendered
from tenuto.server.fences import Fencing
from tests.server.api.served import echoing, waiting
from tests.server.api.threads import running
from tests.server.isolation.calls import OPERATIONS as BY_ID
from tests.server.isolation.calls import Operation
from tests.server.isolation.towns import Town, signing

EXAMPLES: Final = 12
"""Requests of each mode to each route."""

ENDLESS: Final = ("get /api/v1/events",)
"""What never comes to the end of its answer; test_feed.py asks it."""

UNTIL_THE_END: Final = ("get /api/v1/sessions/{session_id}/stream",)
"""What comes to the end of its answer when the session does."""

CHECKS: Final = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]

SCHEMA: Final = schemathesis.openapi.from_dict(json.loads(TARGET.read_text("utf-8")))
OPERATIONS: Final = {
    f"{found.ok().method} {found.ok().path}": found.ok() for found in SCHEMA.get_all_operations()
}
BY_PLACE: Final = {f"{one.method.lower()} {one.path}": one for one in BY_ID.values()}

CASES: Final = [
    (name, mode)
    for name, operation in OPERATIONS.items()
    if name not in ENDLESS
    for mode in GenerationMode
    # Who takes nothing cannot be given anything wrong.
    if mode is GenerationMode.POSITIVE
    or {"parameters", "requestBody"} & {*operation.definition.raw}
]


@pytest.fixture(scope="module")
def asked() -> Iterator[httpx2.Client]:
    """Give a client of a server on a thread of its own."""
    fencing = Fencing(private_webhooks=True)
    with (
        running(echoing(), waiting(), signing(), fencing=fencing) as server,
        httpx2.Client(base_url=server.address, timeout=20) as client,
    ):
        yield client


@pytest.fixture(scope="module")
def made(asked: httpx2.Client) -> Callable[[str], Town]:
    """Return what gives one of everything; what is made for one use is not used for others."""

    @functools.cache
    def town_for(use: str) -> Town:
        town = Town(asked, f"for-{use}", "none")
        town.ids["session_key"] = use
        town.settle()
        town.add_somebody()
        return town

    return town_for


def known(operation: Operation, town: Town) -> dict[str, str]:
    """Return parameters of the path that name things that there are."""
    ids = {**town.ids, "organisations": "local"}
    if "approvals" in operation.path:
        ids["session_id"] = ids["asking_id"]
    raw = re.findall(r"\{(\w+)\}", operation.path)
    return {name: ids[thing] for name, thing in zip(raw, operation.names, strict=True)}


def ended(client: httpx2.Client) -> str:
    """Return the id of a session that has ended."""
    asked = {"inputs": {"text": "so"}}
    answer = client.post("/api/v1/workflows/echo/start?wait=20", json=asked)
    assert answer.json()["status"] == "completed", answer.text
    return str(answer.json()["id"])


def test_the_committed_description_is_that_of_the_routes() -> None:
    assert TARGET.read_text("utf-8") == rendered(), "run scripts/write_openapi.py"


@pytest.mark.parametrize(
    ("name", "mode"), CASES, ids=[f"{name}, {mode.value}" for name, mode in CASES]
)
def test_each_answer_is_one_that_the_description_names(
    name: str, mode: GenerationMode, asked: httpx2.Client, made: Callable[[str], Town]
) -> None:
    strategy: Any = OPERATIONS[name].as_strategy(generation_mode=mode)
    operation = BY_PLACE[name]
    changes = operation.method != "GET" and operation.names
    things = known(operation, made(operation.id if changes else "reading"))
    if name in UNTIL_THE_END:
        things = {"session_id": ended(asked)}

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(case=strategy, of_things=st.booleans())
    def ask(case: schemathesis.Case, of_things: bool) -> None:
        if of_things and things:
            # Else almost all requests would end where there is nothing.
            case.path_parameters = things
            if operation.method in ("PUT", "PATCH", "DELETE"):
                case.headers = {**(case.headers or {}), "If-Match": "*"}
        case.call_and_validate(base_url=str(asked.base_url).rstrip("/"), checks=CHECKS)

    try:
        ask()
    except FlakyStrategyDefinition:
        # Rarely, on a busy machine, schemathesis draws something else the second time. That is
        # before anything is asked, and says nothing about an answer.
        ask()
