"""Approvals over HTTP: the inbox, and what people say."""

import asyncio
from typing import Any

import httpx2

import tenuto
from tenuto.ports.ledger import EntryQuery
from tenuto.testing import MockLLM, calls
from tests.server.api.people import ByHeader, of
from tests.server.api.served import Served, serving

PAID: list[int] = []


@tenuto.tool(permission="pay", once=True)
async def pay(cents: int) -> dict[str, Any]:
    """Pay."""
    PAID.append(cents)
    return {"paid": cents}


def asking(*assignees: str, quorum: int = 1) -> tenuto.Workflow:
    rule = tenuto.PermissionRule(
        effect="ask", tools=("pay",), reason="money leaves", assignees=assignees, quorum=quorum
    )
    clerk = tenuto.Agent("clerk", model="mock:m", tools=[pay], policy=[rule])
    flow = tenuto.Workflow("paying", version="1")
    flow.node("clerk", agent=clerk, inputs={"task": "inputs.task"})
    return flow


def approving(*assignees: str) -> tenuto.Workflow:
    flow = tenuto.Workflow("signing", version="1")
    flow.node("sign", approval="Sign it?", assignees=assignees)
    return flow


def clerk_who_pays(cents: int) -> dict[str, Any]:
    PAID.clear()
    return {"mock": MockLLM([calls(("pay", {"cents": cents})), "Done."])}


async def asked(served: Served, workflow: str, who: dict[str, str]) -> dict[str, Any]:
    started = await served.client.post(
        f"/workflows/{workflow}/start", json={"inputs": {"task": "pay"}}, headers=who
    )
    session = served.service.runtime.session(started.json()["id"])
    await session.wait_until_idle(timeout=5)
    (item,) = (await served.client.get("/approvals", headers=who)).json()["items"]
    assert isinstance(item, dict)
    return item


async def decide(
    served: Served, item: dict[str, Any], word: str, who: dict[str, str], **said: Any
) -> httpx2.Response:
    place = f"/approvals/{item['session']}/{item['task']}/{word}"
    return await served.client.post(place, json=said, headers=who)


async def ended(served: Served, item: dict[str, Any]) -> str:
    session = served.service.runtime.session(item["session"])
    return (await session.wait_until_idle(timeout=5)).status


def test_the_inbox_says_what_is_asked_why_by_whom_and_what_follows() -> None:
    async def main() -> None:
        async with serving(
            asking(), authenticator=ByHeader(), models=clerk_who_pays(100)
        ) as served:
            item = await asked(served, "paying", of("red"))

            assert (item["kind"], item["tool"], item["agent"]) == ("permission", "pay", "clerk")
            assert item["arguments"] == {"cents": 100}
            assert "money leaves" in item["title"]
            assert item["risk"] == "destructive"
            for risk, count in (("destructive", 1), ("read_only&risk=changes", 0)):
                listed = await served.client.get(f"/approvals?risk={risk}", headers=of("red"))
                assert len(listed.json()["items"]) == count, listed.text
            assert item["consequences"]["approve"] == "pay is carried out, once."
            assert item["may_decide"] is True
            for path in ["/approvals", f"/approvals/{item['session']}/{item['task']}"]:
                other = await served.client.get(path, headers=of("blue"))
                assert other.json().get("items", []) == []
            refused = await decide(served, item, "approve", of("blue"))
            assert refused.status_code == 404
            assert PAID == []

    asyncio.run(main())


def test_what_is_approved_with_other_arguments_is_done_with_these_and_told_so() -> None:
    async def main() -> None:
        async with serving(
            asking(), authenticator=ByHeader(), models=clerk_who_pays(100)
        ) as served:
            item = await asked(served, "paying", of("red"))

            done = await decide(
                served, item, "approve", of("red"), arguments={"cents": 50}, note="half"
            )
            assert done.status_code == 200, done.text
            assert await ended(served, item) == "completed"
            assert PAID == [50]
            (entry,) = await served.service.ledger.entries(
                EntryQuery(tenant="red", actions=("approval.approve",))
            )
            assert (entry.actor, entry.target) == ("user:ann", item["session"])
            assert entry.detail["asked"] == {"cents": 100}
            assert entry.detail["ran"] == {"cents": 50}

    asyncio.run(main())


def test_a_decision_repeated_changes_nothing_and_another_one_is_a_conflict() -> None:
    async def main() -> None:
        async with serving(asking(), authenticator=ByHeader(), models=clerk_who_pays(7)) as served:
            item = await asked(served, "paying", of("red"))

            first = await decide(served, item, "approve", of("red"))
            assert await ended(served, item) == "completed"
            again = await decide(served, item, "approve", of("red"))
            other = await decide(served, item, "deny", of("red"))
            someone = await decide(served, item, "approve", of("red", "bob"))

            assert (first.json()["repeated"], again.json()["repeated"]) == (False, True)
            assert (other.status_code, someone.status_code) == (409, 409)
            assert PAID == [7]

    asyncio.run(main())


def test_only_assignees_decide_by_id_by_name_or_by_role() -> None:
    async def main() -> None:
        for assignee, allowed, refused in [
            ("ann", of("red", "ann"), of("red", "bob", "admin")),
            ("ann@red.example", of("red", "ann"), of("red", "bob", "approver")),
            ("role:approver", of("red", "bob", "viewer,approver"), of("red", "ann", "admin")),
        ]:
            for flow in (asking(assignee), approving(assignee)):
                async with serving(
                    flow, authenticator=ByHeader(), models=clerk_who_pays(7)
                ) as served:
                    item = await asked(served, flow.name, of("red", "carl"))
                    assert item["may_decide"] is False
                    mine = await served.client.get("/approvals?mine=true", headers=refused)
                    assert mine.json()["items"] == []

                    no = await decide(served, item, "approve", refused)
                    yes = await decide(served, item, "approve", allowed)

                    assert (no.status_code, yes.status_code) == (403, 200), (no.text, yes.text)
                    assert await ended(served, item) == "completed"

    asyncio.run(main())


def test_a_quorum_takes_different_people() -> None:
    async def main() -> None:
        flow = asking("role:approver", quorum=2)
        async with serving(flow, authenticator=ByHeader(), models=clerk_who_pays(7)) as served:
            item = await asked(served, "paying", of("red"))
            ann, bob = of("red", "ann", "approver"), of("red", "bob", "approver")

            first = await decide(served, item, "approve", ann)
            again = await decide(served, item, "approve", ann)
            assert (first.json()["open"], again.json()["repeated"]) == (True, True)
            assert await ended(served, item) == "waiting"
            assert (await decide(served, item, "approve", bob)).json()["open"] is False

            assert await ended(served, item) == "completed"
            assert PAID == [7]

    asyncio.run(main())


def test_what_a_session_asks_while_it_works_on_is_in_the_inbox() -> None:
    release = asyncio.Event()

    async def work(ctx: tenuto.Context) -> int:
        await release.wait()
        return 1

    async def main() -> None:
        flow = tenuto.Workflow("both", version="1")
        flow.node("sign", approval="Sign it?").node("work", function=work)
        async with serving(flow) as served:
            started = await served.client.post("/workflows/both/start", json={})
            item: dict[str, Any] = {}
            while not item:
                items = (await served.client.get("/approvals")).json()["items"]
                item = items[0] if items else {}
            session = (await served.client.get(f"/sessions/{item['session']}")).json()
            assert (session["id"], session["status"]) == (started.json()["id"], "running")

            assert (await decide(served, item, "deny", {}, note="no")).status_code == 200
            release.set()
            assert await ended(served, item) == "completed"

    asyncio.run(main())


def test_pages_of_the_inbox_hold_every_question_once_among_many_that_wait_for_something_else() -> (
    None
):
    async def main() -> None:
        signals = tenuto.Workflow("signals", version="1")
        signals.node("wait", wait="go")
        async with serving(approving(), signals) as served:
            wanted = set()
            for n in range(12):
                flow = "signing" if n % 3 == 0 else "signals"
                started = await served.client.post(f"/workflows/{flow}/start", json={})
                id = started.json()["id"]
                await served.service.runtime.session(id).wait_until_idle(timeout=5)
                if flow == "signing":
                    wanted.add(id)
            seen: list[str] = []
            query = "/approvals?limit=3"
            while True:
                page = (await served.client.get(query)).json()
                seen += [item["session"] for item in page["items"]]
                if page["next_cursor"] is None:
                    break
                query = f"/approvals?limit=3&cursor={page['next_cursor']}"

            assert sorted(seen) == sorted(wanted)

    asyncio.run(main())
