"""Every route that creates something takes an idempotency key, says so, and keeps to it."""

import json
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest

from scripts.write_openapi import TARGET
from tenuto.server.fences import Fencing
from tests.server.api.served import echoing, waiting
from tests.server.api.threads import running
from tests.server.isolation.calls import OPERATIONS, ask
from tests.server.isolation.towns import Town, signing

PATHS: Final = json.loads(TARGET.read_text("utf-8"))["paths"]
KEYED: Final = {
    name: PATHS[found.path][found.method.lower()]
    for name, found in OPERATIONS.items()
    if found.method in ("POST", "PATCH") and not found.public
}
CREATING: Final = sorted(
    name for name, told in KEYED.items() if {"201", "202"} & {*told["responses"]}
)
NEW: Final = {
    "agents_add_agent": {"agent_id": "new-clerk"},
    "workflows_add_workflow": {"workflows": "new-flow"},
    "collections_make_collection": {"collection": "new papers"},
    "accounts_add_organisation": {"organisations": "newtown"},
    "workflows_start_workflow": {"session_key": "order-18"},
    "memory_remember_own": {"key": "new-likes"},
}
"""What is to be made, where there would be one already."""


@pytest.fixture(scope="module")
def town() -> Iterator[tuple[httpx2.Client, Town]]:
    """Give a server and an organisation that has one of everything."""
    fencing = Fencing(private_webhooks=True)
    with (
        running(echoing(), waiting(), signing(), fencing=fencing) as server,
        httpx2.Client(base_url=server.address, timeout=20) as client,
    ):
        found = Town(client, "local", "none")
        found.settle()
        found.add_somebody()
        yield client, found


@pytest.mark.parametrize("name", KEYED)
def test_the_description_tells_of_the_key_and_of_its_refusals(name: str) -> None:
    told: dict[str, Any] = KEYED[name]

    (header,) = [one for one in told["parameters"] if one["name"] == "Idempotency-Key"]
    assert (header["in"], header["required"]) == ("header", False)
    for status, code in (("409", "key_in_flight"), ("422", "key_reused")):
        answer = told["responses"][status]
        assert code in answer["description"]
        assert "application/problem+json" in answer["content"]


def test_routes_that_create_are_those_that_one_expects() -> None:
    assert {*NEW, "steering_fork", "execute_execute", "execute_execute_one"} < {*CREATING}
    assert {"accounts_add_key", "accounts_add_user", "webhooks_add_webhook"} < {*CREATING}


@pytest.mark.parametrize("name", CREATING)
def test_what_a_route_creates_is_created_once_under_a_key(
    name: str, town: tuple[httpx2.Client, Town]
) -> None:
    client, found = town
    ids = {**found.ids, **NEW.get(name, {})}
    key = {"Idempotency-Key": f"once-{name}"}

    first = ask(client, OPERATIONS[name], ids, **key)
    again = ask(client, OPERATIONS[name], ids, **key)
    other = ask(client, OPERATIONS[name], {**ids, **dict.fromkeys(ids, "other")}, **key)

    assert first.status_code in (200, 201, 202), first.text
    assert "idempotent-replayed" not in first.headers
    assert again.headers["idempotent-replayed"] == "true"
    assert (again.status_code, again.content) == (first.status_code, first.content)
    if other.request.url != first.request.url or other.request.content != first.request.content:
        assert (other.status_code, other.json()["code"]) == (422, "key_reused")
