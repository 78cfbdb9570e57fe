"""What must not be told stands nowhere: in no answer, log, entry, and in no file in plain text."""

from __future__ import annotations

import asyncio
import json
import logging
from pathlib import Path
from typing import Any, Final

import httpx2
import pytest

import tenuto
from tenuto.server.fences import Fencing
from tenuto.testing import MockLLM
from tests.server.accounts.offices import QUICK
from tests.server.api.served import serving

NEVER: Final = {
    "password": "canary-password-8c1f77",
    "new password": "canary-new-password-5d02aa",
    "wrong password": "canary-wrong-password-19be",
    "secret": "canary-secret-value-77aa31",
    "token": "canary.bearer.token-661fa0",
    "cookie": "canary-cookie-0f3e55",
    "refresh": "canary-refresh-token-9a9a",
}
"""What a client sends that is nobody else's business."""


async def failing(ctx: tenuto.Context, text: str = "") -> dict[str, Any]:
    """Fail with what came."""
    raise RuntimeError(f"it failed over {text}")


def breaking() -> tenuto.Workflow:
    """Return a workflow whose step fails."""
    flow = tenuto.Workflow("breaking", version="1")
    flow.node("fail", function=failing, inputs={"text": "inputs.text"})
    return flow


def test_what_is_secret_is_written_nowhere(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "test.db"
    answers: list[str] = []
    made: list[str] = []

    async def main() -> None:
        opened = serving(
            breaking(),
            db=f"sqlite:///{file}",
            login=True,
            fencing=Fencing(private_webhooks=True),
            models={"mock": MockLLM(["Done."] * 100)},
        )
        async with opened as served:
            accounts = served.service.accounts
            accounts.passwords.hasher = QUICK
            founded = await accounts.organisations.found_home()
            assert founded is not None
            made.append(founded.key_text)

            async def ask(method: str, path: str, key: str = "", **more: Any) -> httpx2.Response:
                headers = {"Idempotency-Key": f"k{len(answers)}", **more.pop("headers", {})}
                if key:
                    headers["Authorization"] = f"Bearer {key}"
                answer = await served.client.request(method, path, headers=headers, **more)
                answers.append(f"{method} {path} {answer.status_code} {answer.text}")
                return answer

            async def told(*names: str, **asked: Any) -> None:
                """Ask for what is told in this answer only."""
                answer = await ask(**asked)
                assert answer.status_code < 300, answer.text
                made.extend(str(answer.json()[name]) for name in names)
                answers.pop()

            key = founded.key_text
            await _accounts(ask, told, key)
            await _things(ask, told, key)
            await _rubbish(ask, key)
            for path in ("audit", "users", "keys?everyone=true", "secrets", "webhooks", "sessions"):
                assert (await ask("GET", f"/{path}", key)).status_code == 200

    with caplog.at_level(logging.DEBUG):
        asyncio.run(main())

    out, err = capfd.readouterr()
    log = "\n".join(f"{one.getMessage()} {one.exc_info}" for one in caplog.records if _ours(one))
    files = {path.name: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    assert "test.db" in files
    for canary in (*NEVER.values(), *made):
        assert canary not in "\n".join(answers), canary
        assert canary not in log, canary
        assert canary not in out + err, canary
        for name, content in files.items():
            assert canary.encode() not in content, f"{canary} in {name}"


def _ours(record: logging.LogRecord) -> bool:
    """Return whether the server wrote it, not the test's own client."""
    return not record.name.startswith(("httpx", "httpcore", "asyncio", "hypothesis"))


async def _accounts(ask: Any, told: Any, key: str) -> None:
    named = {"name": "ann", "password": NEVER["password"], "roles": ["admin"]}
    await ask("POST", "/users", key, json=named)
    credentials = {"name": "ann", "password": NEVER["password"]}
    login = {"method": "POST", "path": "/auth/login", "json": credentials}
    await told("access_token", "refresh_token", "csrf_token", **login)
    access = await ask("POST", "/auth/login", json={**credentials, "keep": "cookie"})
    assert access.status_code == 200
    for wrong in ({"password": NEVER["wrong password"]}, {"name": NEVER["wrong password"]}):
        refused = await ask("POST", "/auth/login", json={**credentials, **wrong})
        assert refused.status_code == 401
    both = {"old": NEVER["password"], "new": NEVER["new password"]}
    again = await ask("POST", "/auth/login", json=credentials)
    changed = await ask("POST", "/auth/password", again.json()["access_token"], json=both)
    assert changed.status_code == 204, changed.text
    await ask("POST", "/auth/refresh", json={"refresh_token": NEVER["refresh"]})
    await told("key", method="POST", path="/keys", key=key, json={"label": "a"})


async def _things(ask: Any, told: Any, key: str) -> None:
    put = await ask("PUT", "/secrets/TOKEN", key, json={"value": NEVER["secret"]})
    assert put.status_code == 200
    hook = {"url": "http://127.0.0.1:9/"}
    await told("secret", method="POST", path="/webhooks", key=key, json=hook)
    listed = (await ask("GET", "/webhooks", key)).json()
    place = f"/webhooks/{listed[0]['id']}"
    await told("secret", method="POST", path=f"{place}/rotate", key=key)
    await ask("POST", f"{place}/test", key)
    begun = await ask(
        "POST", "/workflows/breaking/start?wait=2", key, json={"inputs": {"text": "a"}}
    )
    session = begun.json()["id"]
    for path in ("events", "state", "messages", "tasks", "trace", "export"):
        await ask("GET", f"/sessions/{session}/{path}", key)


async def _rubbish(ask: Any, key: str) -> None:
    """Send what is secret where it is refused."""
    for path in ("/sessions", "/nothing", "/users"):
        for credential in (NEVER["token"], f"tnt_local-0_{NEVER['token']}"):
            await ask("GET", path, credential)
        cookies = {"Cookie": f"tenuto_access={NEVER['cookie']}; tenuto_refresh={NEVER['cookie']}"}
        await ask("GET", path, headers=cookies)
    bodies = [
        {"value": [NEVER["secret"]]},
        {"value": NEVER["secret"], "more": 1},
        {"value": NEVER["secret"] * 1000},
    ]
    for body in bodies:
        refused = await ask("PUT", "/secrets/TOKEN", key, json=body)
        assert refused.status_code == 400, refused.text
    broken = json.dumps({"value": NEVER["secret"]}).encode()[:-1] + b"\xff"
    await ask("PUT", "/secrets/TOKEN", key, content=broken)
    for field in ("password", "name"):
        named = {"name": "bob", "password": "x", field: [NEVER["password"]]}
        await ask("POST", "/users", key, json=named)
    short = {"name": "bob", "password": NEVER["password"], "roles": ["none"]}
    await ask("POST", "/users", key, json=short)
