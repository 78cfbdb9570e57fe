"""What an organisation used, over HTTP."""

import asyncio

import pytest

from tenuto import Agent, Workflow
from tenuto.core.agent.messages import ModelAnswer, ModelRequest, Usage
from tenuto.server.principal import Connection, Principal
from tests.server.api.people import ByHeader, of
from tests.server.api.served import serving


class Costly:
    """A model whose every answer costs ten cents."""

    async def answer(self, model: str, request: ModelRequest) -> ModelAnswer:
        usage = Usage(input_tokens=100, output_tokens=10, cached_tokens=60, cost_usd=0.1)
        return ModelAnswer(text="There is fog.", usage=usage)


def writing() -> Workflow:
    flow = Workflow("writing", version="1")
    flow.node("write", agent=Agent("writer", model="costly:x"), inputs={"topic": "inputs.topic"})
    return flow


def test_usage_adds_up_over_sessions_by_what_is_asked_for_and_for_one_organisation() -> None:
    async def main() -> None:
        async with serving(
            writing(), authenticator=ByHeader(), models={"costly": Costly()}
        ) as served:
            api, ada, eve = served.client, of("local", "ada", "admin"), of("x", "eve", "admin")
            for headers in (ada, of("local", "bob", "admin"), ada, eve):
                done = await api.post(
                    "/workflows/writing/start?wait=20",
                    json={"inputs": {"topic": "sea"}},
                    headers=headers,
                )
                assert done.status_code == 200

            by_user = (await api.get("/usage?by=user", headers=ada)).json()
            by_day = (await api.get("/usage", headers=ada)).json()
            by_model = (await api.get("/usage?by=model", headers=eve)).json()
            spent = (await api.get("/models/spend", headers=ada)).json()

            assert by_user["total"] == {
                "turns": 3,
                "cached_turns": 0,
                "tool_calls": 0,
                "failed_attempts": 0,
                "input_tokens": 300,
                "output_tokens": 30,
                "cached_tokens": 180,
                "cost_usd": pytest.approx(0.3),
            }
            assert [(one["group"], one["turns"]) for one in by_user["groups"]] == [
                ("ada", 2),
                ("bob", 1),
            ]
            assert by_user["complete"] and by_user["behind"] == 0
            (day,) = by_day["groups"]
            assert {**day, **by_day["total"]} == day
            assert [one["group"] for one in by_model["groups"]] == ["costly:x"]
            assert by_model["total"]["turns"] == 1, "of the other organisation nothing"
            (spend,) = spent["items"]
            assert (spend["model"], spend["cost_usd"]) == ("costly:x", pytest.approx(0.3))

            day_after = f"{int(day['group'][:4]) + 1}-01-01"
            later = (await api.get(f"/usage?since={day_after}", headers=ada)).json()
            few = (await api.get("/usage?by=user&limit=1", headers=ada)).json()
            wrong = await api.get(f"/usage?since={day_after}&until=2020-01-01", headers=ada)
            unknown = await api.get("/usage?by=colour", headers=ada)
            assert later["groups"] == [] and later["total"]["cost_usd"] == 0
            assert not few["complete"] and few["total"] == by_user["total"]
            assert wrong.status_code == 422 and unknown.status_code == 400

    asyncio.run(main())


class Narrow:
    """Everybody may read models, and nothing else."""

    async def authenticate(self, connection: Connection) -> Principal | None:
        return Principal(organisation="local", user="ada", name="ada", grants=("models:read",))


def test_who_may_not_read_usage_sees_no_spend() -> None:
    async def main() -> None:
        async with serving(authenticator=Narrow()) as served:
            assert (await served.client.get("/usage")).status_code == 403
            assert (await served.client.get("/models/spend")).status_code == 403
            assert (await served.client.get("/models")).status_code == 200

    asyncio.run(main())
