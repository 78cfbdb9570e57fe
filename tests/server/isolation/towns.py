"""Organisations that have one of everything, and people and keys of many kinds."""

from __future__ import annotations

import contextlib
import random
from collections.abc import Iterator
from typing import Any, Final

import httpx2

import tenuto
from tenuto.core.accounts.permissions import ALL
from tenuto.core.accounts.roles import ROLES
from tenuto.server.accounts.organisations import Founded
from tests.server.accounts.offices import PASSWORD, QUICK
from tests.server.api.served import Served
from tests.server.api.threads import Running

WITH_LOCAL_WEBHOOKS: Final = "http://127.0.0.1:9"
"""Where nobody listens."""


def signing() -> tenuto.Workflow:
    """Return a workflow that asks somebody."""
    flow = tenuto.Workflow("signing", version="1")
    flow.node("sign", approval="Sign it?")
    return flow


class Person:
    """Who asks, by a key."""

    def __init__(self, town: str, what: str, key: str) -> None:
        self.town, self.what, self.key = town, what, key

    def __repr__(self) -> str:
        return f"{self.what} of {self.town}"


class Town:
    """An organisation with one of everything, in which its mark stands."""

    def __init__(self, client: httpx2.Client, name: str, key: str) -> None:
        self.client, self.name, self.key = client, name, key
        self.mark = f"mark-of-{name}-{random.Random(name).randrange(10**9):09}"
        """In texts that only the organisation may read; no request of others holds it."""
        self.hidden = f"hidden-of-{name}-{random.Random(name).randrange(10**9):09}"
        """In what nobody may read."""
        self.ids: dict[str, str] = {
            "organisations": name,
            "secrets": f"{name}.TOKEN",
            "file": f"{name}.md",
            "key": f"{name}-likes",
            "session_key": "order-17",
            "agent_id": f"{name}-clerk",
            "workflows": f"{name}-flow",
            "collection": f"{name} papers",
        }
        self.people: list[Person] = [Person(name, "first admin", key)]

    def settle(self) -> None:
        """Make one of everything."""
        ids, mark = self.ids, self.mark
        me = self._get("/auth/me")
        ids["user_id"], ids["key_id"] = me["user"], me["key"] or "none"
        ids["for_user"], ids["everyone"] = me["user"], "true"
        self._send("PUT", f"/secrets/{ids['secrets']}", {"value": self.hidden, "description": mark})
        flow = f"# {mark}\nworkflow: {ids['workflows']}\ngraph: {{nodes: {{wait: {{wait: go}}}}}}\n"
        self._send("POST", "/workflows", flow)
        clerk = f"name: {ids['agent_id']}\nmodel: mock:m\ninstructions: {mark}\n"
        self._send("POST", "/agents", clerk)
        start = {"key": ids["session_key"], "inputs": {"text": mark}}
        begun = self._send("POST", f"/workflows/{ids['workflows']}/start", start)
        ids["session_id"] = begun["id"]
        begun = self._send("POST", "/workflows/signing/start?wait=1", {"inputs": {"text": mark}})
        ids["asking_id"], ids["task"] = begun["id"], str(begun["waits"][0]["task"])
        made = self._send("POST", "/collections", {"name": ids["collection"], "description": mark})
        ids["collection_id"] = made["id"]
        place = f"/collections/{made['id']}/documents/{ids['file']}"
        ids["document_id"] = self._send("PUT", place, f"# {mark}\n\nThe secret is {mark}.\n")["id"]
        item = {"key": ids["key"], "text": f"The secret is {mark}."}
        ids["item_id"] = self._send("POST", f"/agents/{ids['agent_id']}/memory", item)["id"]
        self._watch()

    def _watch(self) -> None:
        hook = {"url": f"{WITH_LOCAL_WEBHOOKS}/{self.mark}", "events": ["nothing"]}
        made = self._send("POST", "/webhooks", hook)
        self.ids["webhook_id"] = made["id"]
        told = self._send("POST", f"/webhooks/{made['id']}/test", {})
        self.ids["delivery_id"] = told["id"]

    def add_somebody(self) -> None:
        """Add a user with a key, where who asks is neither."""
        named = {"name": f"somebody-of-{self.name}"}
        self.ids["user_id"] = self.ids["for_user"] = self._send("POST", "/users", named)["id"]
        made = self._send("POST", "/keys", {"user": self.ids["user_id"]})
        self.ids["key_id"], self.ids["login_id"] = made["id"], "none"

    def hire(self) -> None:
        """Add people of each role, and keys with random scopes."""
        chance = random.Random(self.name)
        for role in ROLES:
            self._person(role, (role,), None)
        for number in range(4):
            roles = tuple(chance.sample(ROLES, 2))
            scopes = chance.sample(ALL, chance.randrange(len(ALL)))
            self._person(f"key {number}", roles, scopes)
        named = {"name": "visitor", "roles": ["viewer"], "label": self.mark, "password": PASSWORD}
        self._send("POST", "/users", named)
        shown = {"name": "visitor", "password": PASSWORD, "organisation": self.name}
        begun = self._send("POST", "/auth/login", shown)
        self.people.append(Person(self.name, "login", begun["access_token"]))
        logins = self._get("/auth/logins", begun["access_token"])
        self.ids["login_id"] = logins[0]["id"]

    def person(self, what: str) -> Person:
        """Return one of the people."""
        return next(one for one in self.people if one.what == what)

    def own(self) -> set[str]:
        """Return ids that the server made, which others are told of nowhere."""
        made = ("user_id", "key_id", "session_id", "asking_id", "collection_id", "document_id")
        more = ("item_id", "webhook_id", "delivery_id", "login_id")
        return {self.ids[one] for one in (*made, *more)}

    def _person(self, what: str, roles: tuple[str, ...], scopes: list[str] | None) -> None:
        user = self._send(
            "POST", "/users", {"name": "a-" + what.replace(" ", "-"), "roles": list(roles)}
        )
        wish = {"user": user["id"], "scopes": scopes, "label": self.mark}
        made = self._send("POST", "/keys", wish)
        self.people.append(Person(self.name, what, made["key"]))

    def _get(self, path: str, key: str = "") -> Any:
        shown = {"Authorization": f"Bearer {key or self.key}"}
        answer = self.client.get(f"/api/v1{path}", headers=shown)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def _send(self, method: str, path: str, body: Any) -> Any:
        headers = {"Authorization": f"Bearer {self.key}", "If-Match": "*"}
        text = isinstance(body, str)
        how = {"content": body} if text else {"json": body}
        if text:
            headers["Content-Type"] = "application/yaml"
        answer = self.client.request(method, f"/api/v1{path}", headers=headers, **how)
        assert answer.status_code < 300, f"{method} {path}: {answer.text}"
        return answer.json()


@contextlib.contextmanager
def settled(server: Running, *names: str) -> Iterator[list[Town]]:
    """Give organisations with one of everything; the first is that of the server's operators."""

    async def found_all(served: Served) -> dict[str, str]:
        accounts = served.service.accounts
        accounts.passwords.hasher = QUICK
        home: Founded | None = await accounts.organisations.found_home()
        assert home is not None
        return {"local": home.key_text}

    keys = server.do(found_all)
    with httpx2.Client(base_url=server.address, timeout=20) as client:
        for name in names:
            made = client.post(
                "/api/v1/organisations",
                json={"name": name},
                headers={"Authorization": f"Bearer {keys['local']}"},
            )
            assert made.status_code == 201, made.text
            keys[name] = made.json()["key"]
        towns = [Town(client, name, key) for name, key in keys.items()]
        for town in towns:
            town.settle()
            town.hire()
        yield towns
