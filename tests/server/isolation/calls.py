"""Every route of the description, and how a request to it is filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import quote

import httpx2
import msgspec

from scripts.write_openapi import TARGET

Ids = Mapping[str, str]
"""Name of a parameter of a path, or of a thing that bodies name, to its value."""


class Operation(msgspec.Struct, frozen=True, kw_only=True):
    """A route of the description."""

    id: str
    method: str
    path: str
    public: bool

    @property
    def names(self) -> tuple[str, ...]:
        """Return the parameters of its path, by the thing that they name."""
        found = re.findall(r"\{(\w+)\}", self.path)
        return tuple(self.path.split("/")[3] if one == "name" else one for one in found)

    def url(self, ids: Ids) -> str:
        """Return its path with ids in it."""
        names = iter(self.names)
        return re.sub(r"\{\w+\}", lambda _: quote(ids[next(names)], safe=""), self.path)


def described() -> dict[str, Operation]:
    """Return the routes, by the id of the operation."""
    paths = json.loads(TARGET.read_text("utf-8"))["paths"]
    return {
        found["operationId"]: Operation(
            id=found["operationId"],
            method=method.upper(),
            path=path,
            public="security" not in found,
        )
        for path, operations in paths.items()
        for method, found in operations.items()
    }


OPERATIONS: Final = described()

ENDLESS: Final = frozenset({"streams_stream_sessions", "streams_stream_events"})
"""What does not come to the end of its answer."""

OPEN: Final = frozenset(
    {
        "login_log_in",
        "login_log_out",
        "login_refresh",
        "oidc_callback",
        "oidc_list_providers",
        "oidc_start",
        "metrics_metrics",
        "system_healthz",
        "system_readyz",
    }
)
"""What asks for no login."""

FLOW: Final = "workflow: {name}\ngraph: {{nodes: {{wait: {{wait: go}}}}}}\n"
CLERK: Final = "name: {name}\nmodel: mock:m\ninstructions: Answer.\n"


def _none(ids: Ids) -> Any:
    return {}


BODIES: Final[Mapping[str, Callable[[Ids], Any]]] = {
    "accounts_add_key": lambda ids: {"label": "mine", "user": ids["for_user"]},
    "accounts_add_organisation": lambda ids: {"name": ids["organisations"]},
    "accounts_add_user": lambda ids: {"name": "newcomer"},
    "accounts_change_organisation": lambda ids: {"label": "taken over"},
    "accounts_change_user": lambda ids: {"label": "taken over", "roles": ["viewer"]},
    "accounts_log_user_out": _none,
    "accounts_rotate_key": _none,
    "agents_add_agent": lambda ids: CLERK.format(name=ids["agent_id"]),
    "agents_change_agent": lambda ids: CLERK.format(name=ids["agent_id"]),
    "approvals_approve": _none,
    "approvals_deny": _none,
    "collections_make_collection": lambda ids: {"name": ids["collection"]},
    "collections_upload_document": lambda ids: b"# Taken over\n\nAnother text.\n",
    "execute_execute": lambda ids: {
        "task_description": "Work.",
        "agents": [ids["agent_id"]],
        "context": {"collection_id": ids["collection_id"], "document_ids": [ids["document_id"]]},
    },
    "execute_execute_one": lambda ids: {
        "task_description": "Work.",
        "context": {"document_ids": [ids["document_id"]]},
    },
    "login_change_password": lambda ids: {"old": "not the password", "new": "another one 12"},
    "login_log_in": lambda ids: {"name": "admin", "password": "wrong password"},
    "login_log_out": _none,
    "login_refresh": _none,
    "memory_remember_own": lambda ids: {"key": ids["key"], "text": "taken over"},
    "secrets_put_secret": lambda ids: {"value": "taken over"},
    "steering_cancel": _none,
    "steering_fork": _none,
    "steering_pause": _none,
    "steering_resume": _none,
    "steering_signal": lambda ids: {"name": "go", "data": "taken over"},
    "webhooks_add_webhook": lambda ids: {"url": "http://127.0.0.1:9/new"},
    "webhooks_change_webhook": lambda ids: {"url": "http://127.0.0.1:9/taken-over"},
    "webhooks_resend_delivery": _none,
    "webhooks_rotate_webhook_secret": _none,
    "webhooks_test_webhook": _none,
    "workflows_add_workflow": lambda ids: FLOW.format(name=ids["workflows"]),
    "workflows_change_workflow": lambda ids: FLOW.format(name=ids["workflows"]),
    "workflows_start_workflow": lambda ids: {"key": ids["session_key"]},
    "workflows_validate_workflow": lambda ids: FLOW.format(name=ids["workflows"]),
}
"""What is sent to each route that takes something; a text goes as YAML."""

QUERIES: Final[Mapping[str, Callable[[Ids], dict[str, str]]]] = {
    "accounts_list_keys": lambda ids: {"everyone": ids["everyone"]},
    "audit_list_entries": lambda ids: {"limit": "500"},
    "collections_search_collection": lambda ids: {"q": "secret"},
    "memory_list_all": lambda ids: {"user": ids["for_user"]},
    "memory_search": lambda ids: {"q": "secret", "agent": ids["agent_id"]},
    "memory_statistics": lambda ids: {"user": ids["for_user"]},
    "oidc_start": lambda ids: {"provider": "none"},
    "sessions_list_sessions": lambda ids: {"count": "true", "q": ids["session_id"]},
}


def request_of(operation: Operation, ids: Ids) -> dict[str, Any]:
    """Return a request as `httpx2.Client.request` takes it."""
    headers: dict[str, str] = {}
    asked: dict[str, Any] = {
        "method": operation.method,
        "url": operation.url(ids),
        "params": QUERIES.get(operation.id, _none)(ids),
        "headers": headers,
    }
    if operation.method in ("PUT", "PATCH", "DELETE"):
        headers["If-Match"] = "*"
    body = BODIES.get(operation.id)
    if body is not None:
        found = body(ids)
        headers["Content-Type"] = "application/json"
        if isinstance(found, str):
            headers["Content-Type"] = "application/yaml"
        asked["content"] = found if isinstance(found, str | bytes) else json.dumps(found)
    return asked


def ask(
    client: httpx2.Client, operation: Operation, ids: Ids, credential: str = "", **headers: str
) -> httpx2.Response:
    """Return the answer to a request, with `credential` if there is one; of a stream only how it
    begins."""
    asked = request_of(operation, ids)
    asked["headers"] |= headers
    if credential:
        asked["headers"]["Authorization"] = f"Bearer {credential}"
    if operation.id not in ENDLESS:
        return client.request(**asked)
    with client.stream(**asked) as answer:
        if answer.status_code != 200:
            answer.read()
        return answer
