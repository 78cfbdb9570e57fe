"""Nothing crosses from one organisation to another, whoever asks for whatever."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any, Final

import httpx2
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tenuto.server.fences import Fencing
from tenuto.server.library import document_id
from tenuto.testing import MockLLM
from tests.server.api.threads import running
from tests.server.isolation.calls import ENDLESS, OPEN, OPERATIONS, Operation, ask
from tests.server.isolation.towns import Person, Town, settled, signing

BY_ID: Final = frozenset(
    {
        "session_id",
        "asking_id",
        "collection_id",
        "document_id",
        "key_id",
        "item_id",
        "login_id",
        "user_id",
        "webhook_id",
        "delivery_id",
    }
)
"""What the server gives ids to: these of another organisation are never found."""

OF_OPERATORS: Final = frozenset(
    {
        "accounts_list_organisations",
        "accounts_show_organisation",
        "accounts_add_organisation",
        "accounts_change_organisation",
        "metrics_metrics",
    }
)
"""What admins of the first organisation may about others: their names, and the server's numbers."""

CHANGING: Final = frozenset({"models_list_models", "pasts_export_session"})
OF_HOME: Final = frozenset(
    {"settings_show_settings", "audit_verify_entries", "read_models_show_read_models"}
)
"""Of the server as a whole: only for the organisation of the first start."""
"""What tells of the whole server, or of the moment when it was asked for."""

ASKED: Final = sorted({*OPERATIONS} - OPEN)


@pytest.fixture(scope="module")
def towns() -> Iterator[list[Town]]:
    """Give three organisations; the first is that of the operators."""
    with (
        running(
            signing(),
            login=True,
            fencing=Fencing(private_webhooks=True),
            models={"mock": MockLLM(["Done."] * 1000)},
        ) as server,
        settled(server, "ash", "birch") as found,
    ):
        yield found


def crossings(answer: httpx2.Response, town: Town, sent: str) -> list[str]:
    """Return what of a town stands in an answer to somebody else, and was not in the question."""
    if answer.request.url.path.endswith(("/events", "/stream")) and answer.status_code == 200:
        return []  # Only its beginning was read.
    text = f"{answer.text}\n{dict(answer.headers)}"
    told = [one for one in (town.mark, town.hidden) if one in text]
    return told + [id for id in town.own() if id in text and id not in sent]


def snapshot(town: Town) -> dict[str, Any]:
    """Return all that an organisation's admin can read of it."""
    found: dict[str, Any] = {}
    for name, operation in OPERATIONS.items():
        if operation.method != "GET" or name in OPEN | ENDLESS | CHANGING | OF_HOME:
            continue
        ids = {**town.ids, "session_id": town.ids[_session_of(operation)]}
        answer = ask(town.client, operation, ids, town.key)
        assert answer.status_code == 200, f"{name}: {answer.text}"
        found[name] = _without_looks(answer.text)
    return found


def _session_of(operation: Operation) -> str:
    return "asking_id" if "approvals" in operation.path else "session_id"


def _without_looks(text: str) -> str:
    """Return what does not change by being looked at."""
    try:
        return json.dumps(_pruned(json.loads(text)), sort_keys=True)
    except ValueError:
        return text


def _pruned(value: Any) -> Any:
    looks = {"accessed_at", "access_count", "accesses", "since", "last_used_at", "score"}
    match value:
        case dict():
            return {name: _pruned(one) for name, one in value.items() if name not in looks}
        case list():
            return [_pruned(one) for one in value]
    return value


def guessed(target: Town) -> dict[str, str]:
    """Return ids that can be derived from what is known of a town."""
    ids = target.ids
    return {
        **ids,
        "document_id": document_id(ids["collection_id"], ids["file"]),
        "session_id": ids["asking_id"],
        "collection_id": f"../{ids['collection_id']}",
    }


def check(town: Town, operation: Operation, ids: dict[str, str], person: Person) -> None:
    """Ask, and check that nothing of the town comes back."""
    answer = ask(town.client, operation, ids, person.key)
    where = f"{operation.id} by {person}: {answer.status_code}"
    assert answer.status_code < 500, f"{where} {answer.text}"
    asked = answer.request
    sent = f"{asked.url} {asked.content.decode()} {ids}"
    assert crossings(answer, town, sent) == [], f"{where} {answer.text[:500]}"
    if BY_ID & {*operation.names}:
        assert answer.status_code in (401, 403, 404), f"{where} {answer.text[:300]}"


@pytest.mark.parametrize("name", ASKED)
def test_an_admin_finds_nothing_of_another_organisation(name: str, towns: list[Town]) -> None:
    operation = OPERATIONS[name]
    for target in towns:
        for asker in towns:
            if asker is target or (asker.name == "local" and name in OF_OPERATORS):
                continue
            for ids in (target.ids, guessed(target)):
                ids = {**ids, "session_id": ids[_session_of(operation)]}
                check(target, operation, ids, asker.people[0])


def test_whatever_others_ask_changes_nothing(towns: list[Town]) -> None:
    local, ash, birch = towns
    people = [*birch.people, *local.people]
    before = snapshot(ash)
    assert snapshot(ash) == before, "to look changes nothing"

    @settings(
        max_examples=300,
        derandomize=True,
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(
        name=st.sampled_from(ASKED),
        person=st.sampled_from(people),
        mixed=st.sets(st.sampled_from(sorted(ash.ids)), max_size=3),
        own=st.booleans(),
        sure=st.booleans(),
    )
    def ask_for(name: str, person: Person, mixed: set[str], own: bool, sure: bool) -> None:
        if person.town == "local" and name in OF_OPERATORS:
            return
        operation = OPERATIONS[name]
        home = birch if person.town == "birch" else local
        ids = {**(ash.ids if sure else guessed(ash))}
        # Some are the asker's own: a document of another's collection, a delivery of a webhook.
        mine = {one: home.ids[one] for one in mixed} if own else {}
        answer = ask(ash.client, operation, {**ids, **mine}, person.key)
        assert answer.status_code < 500, f"{name}: {answer.text}"
        assert crossings(answer, ash, f"{ids}") == [], f"{name} {answer.text[:500]}"

    ask_for()

    after = snapshot(ash)
    for name, told in before.items():
        assert after[name] == told, name


def test_a_list_holds_only_what_is_ones_own(towns: list[Town]) -> None:
    _, ash, birch = towns
    lists = {
        "sessions_list_sessions": "session_id",
        "collections_list_collections": "collection_id",
        "collections_all_documents": "document_id",
        "webhooks_list_webhooks": "webhook_id",
        "memory_list_all": "item_id",
        "accounts_list_users": "user_id",
        "accounts_list_keys": "key_id",
        "secrets_list_secrets": "secrets",
        "workflows_list_workflows": "workflows",
        "agents_list_agents": "agent_id",
        "approvals_list_approvals": "asking_id",
    }
    for name, thing in lists.items():
        own = {**ash.ids, "session_id": ""}
        text = ask(ash.client, OPERATIONS[name], own, ash.key).text
        assert ash.ids[thing] in text, name
        assert birch.mark not in text, name
        assert not [one for one in birch.own() if one in text], name


def test_a_cursor_of_another_organisation_leads_nowhere_else(towns: list[Town]) -> None:
    _, ash, birch = towns
    for path in ("sessions", "audit", "users", "keys", "workflows", "agents", "memory"):
        more = {"everyone": "true"} if path == "keys" else {}
        first = _get(ash, path, ash.key, limit="1", **more).json()
        cursor = first["next_cursor"]
        assert cursor, path
        plain = base64.urlsafe_b64decode(cursor + "==").decode()
        assert birch.name not in plain

        answer = _get(birch, path, birch.key, cursor=cursor, **more)

        assert answer.status_code == 200, answer.text
        assert crossings(answer, ash, plain) == []


def _get(town: Town, path: str, key: str, **query: str) -> httpx2.Response:
    shown = {"Authorization": f"Bearer {key}"}
    return town.client.get(f"/api/v1/{path}", params=query, headers=shown)


def test_an_idempotency_key_gives_nobody_elses_answer(towns: list[Town]) -> None:
    _, ash, birch = towns
    operation, ids = OPERATIONS["accounts_add_key"], {**ash.ids, "for_user": ""}
    # Another key of the same organisation is another asker.
    people = [ash.people[0], ash.person("admin"), birch.people[0], birch.person("admin")]
    made: list[str] = []
    for replayed in (False, True):
        for number, person in enumerate(people):
            answer = ask(ash.client, operation, ids, person.key, **{"Idempotency-Key": "k-1"})
            assert answer.status_code == 201, answer.text
            assert ("idempotent-replayed" in answer.headers) == replayed
            made.append(answer.json()["id"])
            assert made[-1] == made[number]
    assert len(set(made)) == len(people)


def test_the_key_of_a_start_belongs_to_the_organisation(towns: list[Town]) -> None:
    _, ash, birch = towns
    for person in (birch.people[0], birch.person("operator")):
        answer = ask(
            birch.client,
            OPERATIONS["workflows_start_workflow"],
            birch.ids,
            person.key,
        )
        assert answer.json()["id"] == birch.ids["session_id"] != ash.ids["session_id"]
