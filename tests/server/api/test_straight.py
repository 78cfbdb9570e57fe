"""Simple questions are answered straight, and as the framework would answer them."""

import asyncio
import re
from typing import Any, Final

import httpx2
from litestar.routes import HTTPRoute

from tenuto.bootstrap.serving import open_service
from tenuto.core.limiting.limits import Limits, read_limits
from tenuto.server.app import routed
from tenuto.server.fences import Fencing
from tenuto.server.straight import STRAIGHT
from tests.server.api.people import ByHeader, of
from tests.server.api.served import Served, echoing, serving

_AGENT: Final = "name: clerk\nmodel: mock:m\ninstructions: Be brief.\n"
_PUBLIC: Final = frozenset({"/healthz", "/readyz", "/api/v1/openapi.json"})
_CHANGING: Final = frozenset({"x-request-id", "date"})
_JSON: Final = ("application/json", "application/problem+json")
_MOVING: Final = frozenset({"trace_id", "since"})


def paths_of(*, straight: bool) -> set[str]:
    async def main() -> set[str]:
        async with open_service("memory://", []) as service:
            return {
                route.path_format
                for route in routed(service).routes
                if isinstance(route, HTTPRoute)
                for handler in route.route_handlers
                if handler.http_methods == {"GET"} and (STRAIGHT in handler.opt) == straight
            }

    return asyncio.run(main())


STRAIGHT_PATHS: Final = sorted(paths_of(straight=True))


def test_routes_that_read_are_straight_and_streams_and_pages_are_not() -> None:
    assert {
        "/healthz",
        "/api/v1/agents",
        "/api/v1/models",
        "/api/v1/sessions",
        "/api/v1/sessions/{session_id}",
        "/api/v1/tools",
        "/api/v1/workflows",
        "/api/v1/workflows/{name}",
    } <= set(STRAIGHT_PATHS)
    assert {
        "/api/v1/events",
        "/api/v1/sessions/{session_id}/stream",
        "/api/v1/auth/oidc/start",
        "/docs",
    } <= paths_of(straight=False)


async def one_of_everything(served: Served) -> dict[str, str]:
    api, ann = served.client, of("local", "ann", "admin")
    flow = served.service.offered["echo"].workflow
    session = await served.service.runtime.start(flow, {"text": "ä"}, tenant="local")
    await session.result(timeout=10)
    text = {**ann, "content-type": "application/yaml"}
    added = await api.post("/agents", content=_AGENT, headers=text)
    assert added.status_code == 201, added.text
    return {"session_id": session.id, "name": "echo", "agent_id": "clerk"}


def told(answer: httpx2.Response) -> tuple[int, dict[str, str], Any]:
    headers = {name: text for name, text in answer.headers.items() if name not in _CHANGING}
    if answer.headers["content-type"] not in _JSON:
        return answer.status_code, {**headers, "content-length": ""}, None  # tells of this moment
    body = answer.json()
    if isinstance(body, dict):
        body = {name: value for name, value in body.items() if name not in _MOVING}
    return answer.status_code, headers, body


def test_each_is_answered_as_the_framework_does_whoever_asks() -> None:
    async def main() -> None:
        statuses: dict[tuple[str, str], int] = {}
        people = {"ann": of("local", "ann", "admin"), "eve": of("elsewhere", "eve"), "nobody": {}}
        async with serving(echoing(), authenticator=ByHeader()) as served:
            known = await one_of_everything(served)
            for path in STRAIGHT_PATHS:
                filled = re.sub(r"\{(\w+)\}", lambda found: known.get(found[1], "7"), path)
                for who, headers in people.items():
                    place = f"{served.address}{filled}"
                    straight = await served.client.get(place, headers=headers)
                    # With a query, whatever it says, the framework looks for what it names.
                    by_framework = await served.client.get(f"{place}?other=1", headers=headers)
                    assert told(straight) == told(by_framework), (path, who)
                    statuses[path, who] = straight.status_code
        answered = [path for path in STRAIGHT_PATHS if statuses[path, "ann"] == 200]
        open_to_all = {path for path in STRAIGHT_PATHS if statuses[path, "nobody"] == 200}
        assert len(answered) > 25, statuses
        assert open_to_all == _PUBLIC | {"/api/v1/auth/oidc/providers"}
        assert statuses["/api/v1/sessions/{session_id}", "ann"] == 200
        assert statuses["/api/v1/sessions/{session_id}", "eve"] == 404

    asyncio.run(main())


def test_a_query_is_read_and_checked() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            one = await served.client.get("/workflows?limit=1")
            wrong = await served.client.get("/workflows?limit=many")

            assert one.json()["next_cursor"] is not None
            assert (wrong.status_code, wrong.json()["code"]) == (400, "bad_request")

    asyncio.run(main())


def test_both_ways_count_for_one_limit_and_say_so() -> None:
    async def main() -> None:
        limits = read_limits(["user=3/m"], Limits())
        async with serving(echoing(), fencing=Fencing(limits=limits)) as served:
            places = ["/workflows", "/workflows?limit=1", "/workflows", "/workflows?limit=1"]
            answers = [await served.client.get(place) for place in (*places, "/workflows")]

            assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
            left = [answer.headers["ratelimit"].partition(";t=")[0] for answer in answers]
            assert left == [f'"user";r={count}' for count in (2, 1, 0, 0, 0)]
            names = [sorted(answer.headers) for answer in answers]
            assert names[0] == names[1]
            assert names[3] == names[4]

    asyncio.run(main())


def test_a_path_written_otherwise_leads_where_it_did() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            api = f"{served.address}/api/v1"
            plain = await served.client.get(f"{api}/workflows")
            for place in (f"{api}/workflows/", f"{served.address}//api/v1//workflows"):
                assert told(await served.client.get(place)) == told(plain), place
            escaped = await served.client.get(f"{api}/workflows/%65cho")
            assert escaped.json()["name"] == "echo"
            nowhere = await served.client.get(f"{api}/nothing")
            assert (nowhere.status_code, nowhere.json()["code"]) == (404, "no_such_route")

    asyncio.run(main())


def test_a_fault_in_a_handler_is_a_problem_that_tells_nothing_of_it() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            served.service.copies = None  # type: ignore[assignment]  # a fault

            answer = await served.client.get("/workflows")

            assert (answer.status_code, answer.json()["code"]) == (500, "internal")
            assert "copies" not in answer.text
            assert answer.json()["trace_id"] == answer.headers["x-request-id"]

    asyncio.run(main())
