"""Agents over HTTP: registered, listed, given tasks, with documents, and how they do."""

import asyncio
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import pytest

import tenuto
from tenuto.teams.research import research_workflow
from tenuto.testing import MockLLM, calls
from tests.server.api.people import ByHeader, of
from tests.server.api.served import Served, serving

CLERK = {"name": "clerk", "model": "mock:m", "instructions": "Answer.", "capabilities": ["mail"]}


@pytest.fixture(autouse=True)
def _collections(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(tmp_path / "collections"))


async def register(served: Served, who: dict[str, str] | None = None, **changes: object) -> None:
    added = await served.client.post("/agents", json={**CLERK, **changes}, headers=who or {})
    assert added.status_code == 201, added.text


async def execute(served: Served, task: str = "Say hello.", **asked: Any) -> httpx2.Response:
    return await served.client.post(
        "/agents/execute?wait=20", json={"task_description": task, **asked}, timeout=30
    )


def talking(**answers: list[Any]) -> dict[str, Any]:
    named = {name.replace("_", "-"): script for name, script in answers.items()}
    return {"mock": MockLLM(named)}


def test_agents_side_by_side_give_an_answer_each() -> None:
    async def main() -> None:
        models = talking(clerk=["one"], lead_critic=["two"])
        async with serving(models=models) as served:
            await register(served)
            await register(served, name="lead-critic")

            done = await execute(served, agents=["clerk", "lead-critic"])

            assert done.status_code == 200, done.text
            assert done.json()["output"] == {
                "answers": {"clerk": {"text": "one"}, "lead_critic": {"text": "two"}}
            }
            assert done.json()["workflow"] == "agents/clerk + lead-critic"

    asyncio.run(main())


def test_agents_in_a_chain_get_the_answers_before_them() -> None:
    async def main() -> None:
        models = talking(clerk=["one"], critic=["two"])
        async with serving(models=models) as served:
            await register(served)
            await register(served, name="critic")

            done = await execute(served, agents=["clerk", "critic"], execution_mode="sequential")

            assert done.json()["output"]["answer"] == {"text": "two"}
            last = models["mock"].requests[-1].messages[0]
            assert "one" in str(last) and "Say hello." in str(last)

    asyncio.run(main())


def test_without_names_all_registered_agents_work_and_without_any_the_answer_says_what_to_do() -> (
    None
):
    async def main() -> None:
        async with serving(models=talking(clerk=["one"])) as served:
            nobody = await execute(served)
            assert (nobody.status_code, nobody.json()["code"]) == (422, "rejected")
            assert "POST /agents" in nobody.json()["detail"]
            await register(served)
            await register(served, name="asleep", is_active=False)

            assert (await execute(served)).json()["output"] == {"text": "one"}
            sleeping = await execute(served, agents=["asleep"])
            assert (sleeping.status_code, sleeping.json()["code"]) == (409, "conflict")
            missing = await execute(served, agents=["clerc"])
            assert (missing.status_code, missing.json()["code"]) == (404, "not_found")

    asyncio.run(main())


def test_one_agent_is_given_a_task_at_its_own_address_with_those_that_it_calls() -> None:
    async def main() -> None:
        models = talking(lead=[calls(("clerk", {"task": "greet"})), "done"], clerk=["hello"])
        async with serving(models=models) as served:
            await register(served)
            await register(served, name="lead", delegates=["clerk"])

            done = await served.client.post(
                "/agents/lead/execute?wait=20", json={"task_description": "Go."}, timeout=30
            )

            assert done.json()["output"] == {"text": "done"}, done.text

    asyncio.run(main())


def test_the_same_request_makes_the_same_definition_and_a_key_the_same_session() -> None:
    async def main() -> None:
        async with serving(models=talking(clerk=["one", "two"])) as served:
            await register(served)
            first = await execute(served, key="k")
            again = await execute(served, key="k")
            other = await execute(served)

            assert first.json()["id"] == again.json()["id"] != other.json()["id"]
            digests = set()
            for done in (first, other):
                session = served.service.runtime.session(done.json()["id"])
                digests.add((await session.state()).digest)
            assert len(digests) == 1

    asyncio.run(main())


def test_a_timeout_bounds_the_session_and_not_the_request() -> None:
    async def main() -> None:
        async with serving(models=talking(clerk=["one"])) as served:
            await register(served)
            done = await execute(served, timeout=7.5)

            state = await served.service.runtime.session(done.json()["id"]).state()
            assert state.budget.seconds == 7.5
            assert (await execute(served, timeout=0)).status_code == 400

    asyncio.run(main())


async def shelve(served: Served, **texts: str) -> tuple[str, dict[str, str]]:
    made = await served.client.post("/collections", json={"name": "manuals"})
    collection = made.json()["id"]
    ids = {}
    for name, text in texts.items():
        kept = await served.client.put(
            f"/collections/{collection}/documents/{name}.md", content=text.encode()
        )
        ids[name] = kept.json()["id"]
    return collection, ids


def test_agents_search_the_documents_that_were_named_and_no_others() -> None:
    async def main() -> None:
        search = calls(("search_documents", {"query": "salt"}))
        models = talking(clerk=[search, "done"])
        async with serving(models=models) as served:
            await register(served)
            collection, ids = await shelve(served, a="Salt is wet.", b="Salt is dry.")

            done = await execute(
                served,
                agents=["clerk"],
                context={"collection_id": collection, "document_ids": [ids["a"]]},
            )

            assert done.json()["status"] == "completed", done.text
            seen = str(models["mock"].requests[-1].messages)
            assert "Salt is wet." in seen and "Salt is dry." not in seen
            for context, status in [
                ({"collection_id": "col_none"}, 404),
                ({"document_ids": ["doc_none"]}, 404),
            ]:
                assert (await execute(served, context=context)).status_code == status

    asyncio.run(main())


@pytest.mark.slow
def test_documents_without_agents_go_to_the_research_team() -> None:
    async def main() -> None:
        async with serving(research_workflow()) as served:
            collection, ids = await shelve(
                served,
                a="# Salt\n\nSalt is mined in Wieliczka since the year 1290.",
                b="# Salt\n\nSalt is mined in Hallstatt since the year 5000.",
            )
            done = await execute(
                served,
                "Where is salt mined?",
                context={"collection_id": collection, "document_ids": [ids["a"]]},
            )

            assert (done.status_code, done.json()["workflow"]) == (200, "research"), done.text
            report = done.json()["output"]["report"]
            assert "Wieliczka" in report and "Hallstatt" not in report

    asyncio.run(main())


def test_an_agent_tells_how_it_does() -> None:
    async def main() -> None:
        async with serving(models=talking(clerk=["one", "two"])) as served:
            await register(served)
            assert (await served.client.get("/agents/clerk/status")).json()["metrics"] == {
                "running": 0,
                "completed": 0,
                "failed": 0,
                "cancelled": 0,
                "success_rate": None,
                "latency_ms": {"p50": None, "p95": None, "p99": None},
                "turns": 0,
                "cached_turns": 0,
                "tool_calls": 0,
                "failed_attempts": 0,
                "input_tokens": 0,
                "output_tokens": 0,
                "cached_tokens": 0,
                "cost_usd": 0.0,
            }
            for _ in range(2):
                await execute(served)
            failed = await execute(served)
            assert failed.json()["status"] in ("failed", "waiting"), failed.text

            for _ in range(2):
                status = (await served.client.get("/agents/clerk/status")).json()
                assert status["metrics"]["completed"] == 2
                assert status["metrics"]["turns"] == 2
                assert status["metrics"]["latency_ms"]["p99"] is not None
                assert status["metrics"]["output_tokens"] > 0
                assert (status["state"], status["behind"]) == ("idle", 0)
            tomorrow = datetime.now(UTC).date() + timedelta(days=1)
            later = await served.client.get(f"/agents/clerk/status?since={tomorrow}")
            assert later.json()["metrics"]["completed"] == 0

    asyncio.run(main())


def test_agents_have_versions_and_name_only_code_that_the_server_gives() -> None:
    async def main() -> None:
        async with serving(research_workflow()) as served:
            await register(served)
            listed = (await served.client.get("/agents")).json()["items"]
            ids = [one["id"] for one in listed]
            assert ids == sorted(ids)
            assert {"clerk", "research.planner", "research.researcher"} <= set(ids)
            assert next(one for one in listed if one["id"] == "clerk")["capabilities"] == ["mail"]

            changed = await served.client.put(
                "/agents/clerk", json={**CLERK, "role": "post"}, headers={"if-match": '"1"'}
            )
            late = await served.client.put("/agents/clerk", json=CLERK, headers={"if-match": '"1"'})
            assert (changed.headers["etag"], late.status_code) == ('"2"', 412)
            assert changed.json()["capabilities"] == ["mail", "post"]
            told = late.json()
            assert (told["base"]["version"], told["present"]["version"]) == (1, 2)
            assert (told["changed"]["theirs"], told["conflicts"]) == (["role"], [])
            versions = (await served.client.get("/agents/clerk/versions")).json()["items"]
            assert [one["version"] for one in versions] == [2, 1]

            evil = {**CLERK, "name": "evil", "tools": ["os:system"]}
            refused = await served.client.post("/agents", json=evil)
            assert (refused.status_code, refused.json()["code"]) == (422, "definition_wrong")
            assert refused.json()["errors"][0]["path"] == "tools[0]"
            of_server = await served.client.put(
                "/agents/research.planner", json=CLERK, headers={"if-match": "*"}
            )
            assert of_server.status_code == 409
            assert (await served.client.delete("/agents/clerk")).status_code == 204
            assert (await served.client.get("/agents/clerk")).status_code == 404

    asyncio.run(main())


def test_agents_are_those_of_one_organisation() -> None:
    async def main() -> None:
        async with serving(authenticator=ByHeader()) as served:
            await register(served, of("red"))

            for path in ["", "/versions", "/status"]:
                answer = await served.client.get(f"/agents/clerk{path}", headers=of("blue"))
                assert answer.status_code == 404, path
            assert (await served.client.get("/agents", headers=of("blue"))).json()["items"] == []
            started = await served.client.post(
                "/agents/clerk/execute", json={"task_description": "x"}, headers=of("blue")
            )
            assert started.status_code == 404
            anew = await served.client.post("/agents", json=CLERK, headers=of("blue"))
            assert anew.status_code == 201

    asyncio.run(main())


def test_what_is_not_yours_to_start_is_refused() -> None:
    flow = tenuto.Workflow("secret", version="1")
    flow.node("wait", wait="go")

    class Limited(ByHeader):
        async def authenticate(self, connection: Any) -> Any:
            found = await super().authenticate(connection)
            grants = ("sessions:start:workflow=agents/*", "*:read")
            return found and msgspec.structs.replace(found, grants=grants)

    async def main() -> None:
        async with serving(flow, authenticator=Limited()) as served:
            refused = await served.client.post(
                "/workflows/secret/start", json={}, headers=of("red")
            )
            assert (refused.status_code, refused.json()["code"]) == (403, "not_permitted")

    asyncio.run(main())
