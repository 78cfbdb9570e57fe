"""Who may call which route: the table, and that it holds for every route of the description."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pytest

from tenuto.core.accounts.roles import ALLOWED, ROLES
from tenuto.server.fences import Fencing
from tests.server.api.threads import running
from tests.server.isolation.calls import OPEN, OPERATIONS, ask
from tests.server.isolation.towns import Town, settled, signing

ONESELF: Final = ""
"""No permission is needed: it tells of, or changes, only who asks."""

OF_HOME: Final = frozenset(
    {
        "accounts_add_organisation",
        "audit_verify_entries",
        "read_models_rebuild_read_models",
        "read_models_show_read_models",
        "settings_show_settings",
    }
)
"""What only the operators' admins may."""

NEEDS: Final = {
    "accounts_add_key": "keys:own",
    "accounts_add_organisation": "accounts:write",
    "accounts_add_user": "accounts:write",
    "accounts_change_organisation": "accounts:write",
    "accounts_change_user": "accounts:write",
    "accounts_list_keys": "keys:own",
    "accounts_list_organisations": ONESELF,
    "accounts_list_users": "accounts:read",
    "accounts_log_user_out": "accounts:write",
    "accounts_remove_user": "accounts:write",
    "accounts_revoke_key": "keys:own",
    "accounts_rotate_key": "keys:own",
    "accounts_show_key": "keys:own",
    "accounts_show_organisation": ONESELF,
    "accounts_show_user": "accounts:read",
    "agents_add_agent": "agents:write",
    "agents_change_agent": "agents:write",
    "agents_delete_agent": "agents:write",
    "agents_list_agent_versions": "agents:read",
    "agents_list_agents": "agents:read",
    "agents_show_agent": "agents:read",
    "agents_show_status": "agents:read",
    "approvals_approve": "approvals:decide",
    "approvals_deny": "approvals:decide",
    "approvals_list_approvals": "approvals:read",
    "approvals_show_approval": "approvals:read",
    "audit_list_entries": "audit:read",
    "audit_verify_entries": "audit:read",
    "read_models_rebuild_read_models": "settings:write",
    "read_models_show_read_models": "settings:read",
    "settings_show_settings": "settings:read",
    "usage_show_usage": "usage:read",
    "collections_all_documents": "documents:read",
    "collections_delete_collection": "collections:write",
    "collections_delete_document": "documents:write",
    "collections_document_content": "documents:read",
    "collections_list_collections": "collections:read",
    "collections_list_documents": "documents:read",
    "collections_make_collection": "collections:write",
    "collections_search_collection": "documents:read",
    "collections_show_collection": "collections:read",
    "collections_show_document": "documents:read",
    "collections_upload_document": "documents:write",
    "execute_execute": "sessions:start",
    "execute_execute_one": "sessions:start",
    "login_change_password": ONESELF,
    "login_end_login": ONESELF,
    "login_list_logins": ONESELF,
    "login_me": ONESELF,
    "memory_forget": "memory:manage",
    "memory_forget_own": "memory:write",
    "memory_forget_own_key": "memory:write",
    "memory_list_all": "memory:manage",
    "memory_list_own": "memory:read",
    "memory_remember_own": "memory:write",
    "memory_search": "memory:read",
    "memory_show": "memory:manage",
    "memory_show_own": "memory:read",
    "memory_statistics": "memory:manage",
    "models_list_models": "models:read",
    "models_list_spend": "usage:read",
    "overview_show_overview": "sessions:read",
    "pasts_export_session": "sessions:read",
    "pasts_list_messages": "sessions:read",
    "pasts_list_tasks": "sessions:read",
    "pasts_show_cost": "sessions:read",
    "pasts_show_session_graph": "sessions:read",
    "pasts_show_trace": "sessions:read",
    "roles_show_roles": ONESELF,
    "secrets_delete_secret": "secrets:write",
    "secrets_list_secrets": "secrets:read",
    "secrets_put_secret": "secrets:write",
    "sessions_list_events": "sessions:read",
    "sessions_list_sessions": "sessions:read",
    "sessions_show_recap": "sessions:read",
    "sessions_show_session": "sessions:read",
    "sessions_show_state": "sessions:read",
    "steering_cancel": "sessions:write",
    "steering_fork": "sessions:write",
    "steering_pause": "sessions:write",
    "steering_resume": "sessions:write",
    "steering_signal": "sessions:write",
    "streams_stream_events": "sessions:read",
    "streams_stream_sessions": "sessions:read",
    "tools_list_tools": "tools:read",
    "webhooks_add_webhook": "webhooks:write",
    "webhooks_change_webhook": "webhooks:write",
    "webhooks_delete_webhook": "webhooks:write",
    "webhooks_list_deliveries": "webhooks:read",
    "webhooks_list_webhooks": "webhooks:read",
    "webhooks_resend_delivery": "webhooks:write",
    "webhooks_rotate_webhook_secret": "webhooks:write",
    "webhooks_show_webhook": "webhooks:read",
    "webhooks_test_webhook": "webhooks:write",
    "workflows_add_workflow": "workflows:write",
    "workflows_change_workflow": "workflows:write",
    "workflows_delete_workflow": "workflows:write",
    "workflows_list_versions": "workflows:read",
    "workflows_list_workflows": "workflows:read",
    "workflows_show_graph": "workflows:read",
    "workflows_show_schema": "workflows:read",
    "workflows_show_workflow": "workflows:read",
    "workflows_start_workflow": "sessions:start",
    "workflows_validate_workflow": "workflows:read",
}
"""Operation to the permission that it takes."""


@pytest.fixture(scope="module")
def towns() -> Iterator[tuple[Town, Town]]:
    """Give the organisation of the operators, and another."""
    fencing = Fencing(private_webhooks=True)
    with (
        running(signing(), login=True, fencing=fencing) as server,
        settled(server, "ash") as (local, ash),
    ):
        yield local, ash


@pytest.fixture
def nothing(towns: tuple[Town, Town]) -> dict[str, str]:
    """Return ids of nothing, so that what is allowed changes nothing."""
    _, ash = towns
    known = {"task": "1", "organisations": "ash", "for_user": "", "everyone": "false"}
    return {**dict.fromkeys(ash.ids, "nothing"), **known}


def test_the_table_has_every_route_of_the_description() -> None:
    assert {*NEEDS, *OPEN} == {*OPERATIONS}
    assert not {*NEEDS} & OPEN


def test_the_description_calls_public_what_is(towns: tuple[Town, Town]) -> None:
    public = {name for name, found in OPERATIONS.items() if found.public}
    assert public == OPEN


@pytest.mark.parametrize("name", NEEDS)
def test_nobody_without_credentials_gets_an_answer(
    name: str, towns: tuple[Town, Town], nothing: dict[str, str]
) -> None:
    client = towns[0].client
    for credential in ("", "tnt_ash-000000000000_" + "0" * 43, "e30.e30.e30"):
        answer = ask(client, OPERATIONS[name], nothing, credential)
        assert (answer.status_code, answer.json()["code"]) == (401, "not_authenticated")
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.headers["www-authenticate"] == "Bearer" and answer.json()["hint"]


@pytest.mark.parametrize("name", [name for name, needed in NEEDS.items() if needed])
def test_a_key_without_scopes_may_nothing(
    name: str, towns: tuple[Town, Town], nothing: dict[str, str]
) -> None:
    _, ash = towns
    made = ash.client.post(
        "/api/v1/keys", json={"scopes": []}, headers={"Authorization": f"Bearer {ash.key}"}
    )
    # Everybody may see who they are themselves.
    for ids in (nothing, ash.ids) if name != "accounts_show_user" else (nothing,):
        answer = ask(ash.client, OPERATIONS[name], ids, made.json()["key"])
        assert (answer.status_code, answer.json()["code"]) == (403, "not_permitted"), answer.text
        assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [name for name, needed in NEEDS.items() if needed])
def test_each_role_may_what_the_table_says_and_nothing_else(
    name: str, role: str, towns: tuple[Town, Town], nothing: dict[str, str]
) -> None:
    town = towns[0] if name in OF_HOME else towns[1]
    person = town.person(role)
    answer = ask(town.client, OPERATIONS[name], nothing, person.key)

    refused = answer.status_code == 403
    assert refused == (NEEDS[name] not in ALLOWED[role]), (answer.status_code, answer.text[:300])
    assert answer.status_code < 500
