"""Secrets go in and are used, and do not come out again: in no answer, entry, event or file."""

import asyncio
from pathlib import Path

import pytest

import tenuto
from tenuto.ports.ledger import EntryQuery
from tests.adapters.pydantic_ai.provider import chat, error
from tests.adapters.pydantic_ai.provider import serving as provider_serving
from tests.server.api.served import Served, serving

TEXT = "sk-own-key-of-this-organisation"
NAME = "OPENAI_API_KEY"


async def put(served: Served, text: str = TEXT, **headers: str) -> int:
    path = f"/secrets/{NAME}"
    answer = await served.client.put(path, json={"value": text}, headers=headers)
    assert text not in answer.text
    return answer.status_code


def test_a_secret_is_listed_without_what_it_holds(tmp_path: Path) -> None:
    file = tmp_path / "test.db"

    async def main() -> None:
        async with serving(db=f"sqlite:///{file}") as served:
            assert await put(served) == 200
            assert await put(served) == 200

            listed = await served.client.get("/secrets")
            (secret,) = listed.json()
            assert (secret["name"], secret["version"]) == (NAME, 2)
            entries = await served.service.ledger.entries(EntryQuery())
            assert [entry.action for entry in entries] == ["secret.put", "secret.put"]
            assert TEXT not in listed.text + repr(entries)
            assert await served.service.secrets.value("local", NAME) == TEXT
            assert await served.service.secrets.value("other", NAME) is None

    asyncio.run(main())
    for path in tmp_path.rglob("*"):
        assert path.is_dir() or TEXT.encode() not in path.read_bytes(), path


def test_a_secret_is_changed_and_deleted_for_the_version_that_was_seen() -> None:
    async def main() -> None:
        async with serving() as served:
            await put(served)
            assert await put(served, "other", **{"If-Match": '"7"'}) == 412
            assert await put(served, "other", **{"If-Match": '"1"'}) == 200
            assert (await served.client.delete(f"/secrets/{NAME}")).status_code == 204
            gone = await served.client.delete(f"/secrets/{NAME}")
            assert (gone.status_code, gone.json()["code"]) == (404, "not_found")

    asyncio.run(main())


@pytest.mark.parametrize("name", ["1A", "a b", "x" * 101, "ä"])
def test_what_is_no_name_of_a_secret_is_refused(name: str) -> None:
    async def main() -> None:
        async with serving() as served:
            answer = await served.client.put(f"/secrets/{name}", json={"value": "x"})
            assert (answer.status_code, answer.json()["code"]) == (400, "bad_request")

    asyncio.run(main())


def test_models_take_an_organisation_s_own_key_before_the_environment_s(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    agent = tenuto.Agent("clerk", model="openai-chat:gpt-5", instructions="Answer.")
    flow = tenuto.Workflow("ask", version="1")
    flow.node("ask", agent=agent, inputs={"text": "inputs.text"})

    async def main() -> None:
        with provider_serving() as provider:
            monkeypatch.setenv("OPENAI_API_KEY", "sk-of-the-environment")
            monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
            async with serving(flow) as served:
                provider.reply(*[chat("Yes.") for _ in range(3)])
                await put(served)
                for tenant in ("local", "other"):
                    session = await served.service.runtime.start(flow, {"text": "?"}, tenant=tenant)
                    await session.result(timeout=20)
                await put(served, "sk-another-key")
                session = await served.service.runtime.start(flow, {"text": "?"})
                await session.result(timeout=20)

                assert [sent["authorization"] for sent in provider.headers] == [
                    f"Bearer {TEXT}",
                    "Bearer sk-of-the-environment",
                    "Bearer sk-another-key",
                ]

    asyncio.run(main())


def test_a_provider_that_quotes_a_key_brings_it_into_no_event(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    own = "a-key-of-no-known-form"
    agent = tenuto.Agent("clerk", model="openai-chat:gpt-5", instructions="Answer.")
    flow = tenuto.Workflow("ask", version="1")
    flow.node("ask", agent=agent, inputs={"text": "inputs.text"})

    async def main() -> None:
        with provider_serving() as provider:
            monkeypatch.setenv("OPENAI_BASE_URL", f"{provider.url}/v1")
            async with serving(flow) as served:
                provider.reply(error(401, f"The key {own} is wrong"))
                await put(served, own)
                session = await served.service.runtime.start(flow, {"text": "?"})
                await session.wait_until_idle(timeout=20)
                events = await served.client.get(f"/sessions/{session.id}/events")
                assert "is refused" in events.text
                assert own not in events.text

    asyncio.run(main())
