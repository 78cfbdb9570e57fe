"""Numbers for Prometheus: what was asked by route, and only for who may know."""

import asyncio
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

import tenuto
from tenuto.adapters.memory import MemoryReadModels
from tenuto.core.tables import COUNTS, KEYS, Change, Row
from tenuto.ports.read_models import Reached, UsageQuery
from tenuto.server import surveying
from tenuto.server.fences import Fencing
from tenuto.server.surveying import Surveyor
from tenuto.testing import MockLLM
from tests.server.api.served import Served, echoing, serving, waiting

TOKEN = "a-token-of-the-metrics"


def samples_of(text: str) -> dict[tuple[str, tuple[str, ...]], float]:
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def test_requests_are_counted_by_route_and_never_by_path() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            for path in ("/sessions/a", "/sessions/b", "/nowhere/1", "/nowhere/2"):
                await served.client.get(path)
            await served.client.request("BREW", "/sessions/a")
            found = await served.client.get(f"{served.address}/metrics")

            assert found.headers["content-type"].startswith("text/plain")
            counts = samples_of(found.text)
            route = "/api/v1/sessions/{session_id}"
            assert counts["tenuto_http_requests_total", ("GET", route, "404")] == 2
            assert counts["tenuto_http_requests_total", ("GET", "none", "404")] == 2
            assert counts["tenuto_http_request_seconds_count", ("GET", route)] == 2
            assert counts["tenuto_http_requests_open", ()] == 1
            assert counts["tenuto_effects", ("running",)] == 0
            assert "BREW" not in found.text and "nowhere" not in found.text

    asyncio.run(main())


def test_only_who_has_the_token_or_is_an_admin_reads_them() -> None:
    class Nobody:
        async def authenticate(self, connection: object) -> None:
            return None

    async def main() -> None:
        fencing = Fencing(metrics_token=TOKEN)
        async with serving(fencing=fencing, authenticator=Nobody()) as served:
            for header, status in [
                ({}, 401),
                ({"Authorization": "Bearer other"}, 401),
                ({"Authorization": f"Bearer {TOKEN}"}, 200),
            ]:
                found = await served.client.get(f"{served.address}/metrics", headers=header)
                assert found.status_code == status, header
                elsewhere = await served.client.get("/sessions", headers=header)
                assert elsewhere.status_code == 401

    asyncio.run(main())


def talking(model: str = "mock:own") -> tenuto.Workflow:
    flow = tenuto.Workflow("talk", version="1")
    agent = tenuto.Agent("clerk", model=model, instructions="Answer.")
    return flow.node("talk", agent=agent, inputs={"text": "inputs.text"})


async def counts_of(served: Served) -> dict[tuple[str, tuple[str, ...]], float]:
    return samples_of((await served.client.get(f"{served.address}/metrics")).text)


@pytest.mark.parametrize("kind", ["memory", "file"])
def test_sessions_of_all_organisations_are_counted_by_status(kind: str, tmp_path: Path) -> None:
    db = "memory://" if kind == "memory" else f"sqlite:///{tmp_path}/test.db"

    async def main() -> None:
        async with serving(echoing(), waiting(), db=db) as served:
            runtime = served.service.runtime
            for tenant in ("local", "school"):
                session = await runtime.start(waiting(), tenant=tenant)
                await session.wait_until_idle(timeout=10)
            await (await runtime.start(echoing(), {"text": "a"}, tenant="school")).result(10)

            counts = await counts_of(served)

            assert counts["tenuto_sessions", ("waiting",)] == 2
            assert counts["tenuto_sessions", ("completed",)] == 1
            assert counts["tenuto_sessions", ("failed",)] == 0
            names = {label for _, labels in counts for label in labels}
            assert not {"local", "school", session.id} & names

    asyncio.run(main())


def test_sessions_and_models_are_counted_at_most_every_few_seconds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now_s = 100.0
    monkeypatch.setattr(surveying, "monotonic", lambda: now_s)

    async def main() -> None:
        nonlocal now_s
        async with serving(waiting()) as served:
            found = []
            for pause_s in (0.0, 9.9, 0.2):
                now_s += pause_s
                found.append((await counts_of(served))["tenuto_sessions", ("waiting",)])
                session = await served.service.runtime.start(waiting())
                await session.wait_until_idle(timeout=10)

            assert found == [0, 0, 2]

    asyncio.run(main())


def test_tokens_and_cost_are_counted_by_model() -> None:
    async def main() -> None:
        models = {"mock": MockLLM({"clerk": ["one", "two"]})}
        async with serving(talking(), models=models) as served:
            for _ in range(2):
                await (await served.service.runtime.start(talking(), {"text": "?"})).result(10)
            await served.service.runtime.read_models.wait(timeout=10)

            counts = await counts_of(served)

            assert counts["tenuto_model_turns_total", ("mock:own",)] == 2
            assert counts["tenuto_model_tokens_total", ("output", "mock:own")] > 0
            assert ("tenuto_model_cost_usd_total", ("mock:own",)) in counts
            assert ("tenuto_model_turns_total", ("other",)) not in counts

    asyncio.run(main())


def test_what_another_organisation_calls_its_models_is_not_told() -> None:
    class Lists:
        async def by_status(self) -> dict[str, int]:
            return {}

    class Kept:
        read_models: Any
        lists: Any = Lists()

    class Tables:
        def __init__(self) -> None:
            self.models = MemoryReadModels()

        async def usage(self, tenant: str | None, *, by: Any = None) -> Any:
            return await self.models.usage(UsageQuery(tenant=tenant, by=by))

    def used(tenant: str, model: str, **counts: int) -> Change:
        keys: Row = dict.fromkeys(KEYS["agent_usage"], "") | {"tenant": tenant, "model": model}
        key = tuple(str(value) for value in keys.values())
        row = {**keys, **dict.fromkeys(COUNTS, 0), **counts}
        return Change(table="agent_usage", key=key, values=row, whole=False, adds=True)

    async def main() -> None:
        runtime, tables = Kept(), Tables()
        runtime.read_models = tables
        changes = [
            used("local", "openai:shared", turns=1),
            used("school", "openai:shared", turns=2, cost_nano_usd=5),
            used("school", "local:school-secret", turns=4, cost_nano_usd=7),
            used("shop", "local:shop-secret", turns=8, input_tokens=3),
        ]
        await tables.models.apply(changes, Reached())

        survey = await Surveyor(runtime, {}).survey()  # type: ignore[arg-type]

        assert [(one.group, one.turns, one.cost_nano_usd) for one in survey.models] == [
            ("openai:shared", 3, 5),
            ("other", 12, 7),
        ]
        assert survey.models[1].input_tokens == 3

    asyncio.run(main())


def test_commits_are_timed_where_there_is_a_disk(tmp_path: Path) -> None:
    async def main() -> None:
        async with serving(echoing(), db=f"sqlite:///{tmp_path}/test.db") as served:
            await (await served.service.runtime.start(echoing(), {"text": "a"})).result(10)
            counts = await counts_of(served)
        assert counts["tenuto_commit_seconds_count", ()] >= 2
        assert counts["tenuto_commit_seconds_sum", ()] > 0
        async with serving(echoing()) as served:
            counts = await counts_of(served)
        assert ("tenuto_commit_seconds_count", ()) not in counts

    asyncio.run(main())
