"""What cannot be done is refused before anything is started or kept, whatever is sent."""

import asyncio
from typing import Any
from urllib.parse import quote

import pytest

from tests.server.api.served import echoing, serving, waiting


@pytest.mark.parametrize(
    "asked",
    [
        {"budget": {"seconds": 1e308}},
        {"budget": {"tokens": 2**63}},
        {"budget": {"usd": -1}},
        {"inputs": {"text": 2**70}},
        {"inputs": {"text": [[{"deep": 2**64}]]}},
    ],
)
def test_a_session_that_could_not_go_on_is_not_started(asked: dict[str, Any]) -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            answer = await served.client.post("/workflows/waiting/start", json=asked, timeout=5)

            assert (answer.status_code, answer.json()["code"]) == (422, "rejected")
            listed = await served.client.get("/sessions")
            assert listed.json()["items"] == []

    asyncio.run(main())


def test_an_input_that_no_log_can_hold_is_refused_at_each_way_in() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            begun = await served.client.post("/workflows/waiting/start", json={})
            place = f"/sessions/{begun.json()['id']}"
            for path, body in [
                (f"{place}/signal", {"name": "go", "data": 2**64}),
                (f"{place}/fork", {"patch": {"count": 2**64}}),
            ]:
                answer = await served.client.post(path, json=body)
                assert answer.status_code == 422, answer.text
            for name in ("", "x" * 201):
                answer = await served.client.post(f"{place}/signal", json={"name": name})
                assert answer.status_code == 400
            key = {"key": "x" * 501}
            answer = await served.client.post("/workflows/waiting/start", json=key)
            assert answer.status_code == 400

    asyncio.run(main())


@pytest.mark.parametrize("name", ["ü" * 150 + ".md", "a" * 201 + ".md", "..", ".a.md", "a\n.md"])
def test_a_document_cannot_be_called_what_no_file_can_be(name: str) -> None:
    async def main() -> None:
        async with serving() as served:
            made = await served.client.post("/collections", json={"name": "papers"})
            place = f"/collections/{made.json()['id']}/documents"

            # The two points as a client that does not shorten paths sends them.
            path = f"{place}/{'%2e%2e' if name == '..' else quote(name, safe='')}"
            answer = await served.client.put(path, content=b"# Text\n")

            assert answer.status_code in (404, 405, 422), answer.text
            assert (await served.client.get(place)).json() == []

    asyncio.run(main())


@pytest.mark.parametrize("name", ["a\n", "é", "1", "a/b", "", "a" * 101])
def test_a_secret_cannot_be_called_what_no_variable_can_be(name: str) -> None:
    async def main() -> None:
        async with serving() as served:
            path = f"/secrets/{quote(name, safe='')}"
            answer = await served.client.put(path, json={"value": "v"})

            assert answer.status_code in (400, 404, 405), answer.text
            assert (await served.client.get("/secrets")).json() == []

    asyncio.run(main())


@pytest.mark.parametrize("name", [".", "..", "a/b", "a\u202eb"])
def test_a_workflow_has_a_name_that_an_address_can_hold(name: str) -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            text = {"workflow": name, "graph": {"nodes": {"wait": {"wait": "go"}}}}

            answer = await served.client.post("/workflows/validate", json=text)

            assert answer.json()["valid"] is False
            assert "address" in answer.json()["errors"][0]["message"]

    asyncio.run(main())
