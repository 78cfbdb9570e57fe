"""Workflows over HTTP: uploaded, checked, versioned, drawn, started."""

import asyncio
import json
from typing import Any

import httpx2
import pytest

from tenuto.ports.ledger import EntryQuery
from tests.server.api.people import ByHeader, of
from tests.server.api.served import Served, echoing, serving, waiting

GREETING = """\
# Says hello; kept as it was written.
workflow: greeting
inputs: {name: string}
graph:
  nodes:
    greet: {condition: "inputs.name != ''"}
output: "'hello ' + inputs.name"
"""


async def upload(
    served: Served, text: str, kind: str = "application/yaml", **headers: str
) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await served.client.post(
        "/workflows", content=text, headers={"content-type": kind, **named}
    )


async def put(served: Served, name: str, text: str, **headers: str) -> httpx2.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return await served.client.put(
        f"/workflows/{name}", content=text, headers={"content-type": "text/yaml", **named}
    )


def test_an_uploaded_workflow_is_kept_as_written_listed_and_started() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            added = await upload(served, GREETING)
            assert (added.status_code, added.headers["etag"]) == (201, '"1"'), added.text
            assert added.json()["text"] == GREETING

            listed = (await served.client.get("/workflows")).json()["items"]
            assert [(one["name"], one["source"]) for one in listed] == [
                ("echo", "server"),
                ("greeting", "organisation"),
            ]
            done = await served.client.post(
                "/workflows/greeting/start?wait=5", json={"inputs": {"name": "Ann"}}
            )
            assert (done.status_code, done.json()["output"]) == (200, "hello Ann")
            assert done.headers["location"].endswith(done.json()["id"])

    asyncio.run(main())


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (GREETING, "text/yaml"),
        (json.dumps({"text": GREETING, "note": "first"}), "application/json"),
        (
            json.dumps({"workflow": "greeting", "graph": {"nodes": {"a": {"wait": "go"}}}}),
            "application/json",
        ),
    ],
)
def test_a_workflow_may_be_sent_as_yaml_as_json_and_as_text_in_json(body: str, kind: str) -> None:
    async def main() -> None:
        async with serving() as served:
            added = await upload(served, body, kind)

            assert (added.status_code, added.json()["name"]) == (201, "greeting"), added.text

    asyncio.run(main())


def test_each_problem_is_told_with_its_line_column_and_what_was_meant() -> None:
    text = """\
workflow: x
graph:
  nodes:
    a: {funktion: "a:b"}
  edges:
    - {from: a, to: b}
"""

    async def main() -> None:
        async with serving() as served:
            refused = await upload(served, text)
            checked = await served.client.post(
                "/workflows/validate", content=text, headers={"content-type": "text/yaml"}
            )

            assert (refused.status_code, refused.json()["code"]) == (422, "definition_wrong")
            errors = refused.json()["errors"]
            assert {(error["line"], bool(error["column"])) for error in errors} <= {
                (4, True),
                (6, True),
            }
            assert any("function" in error["suggestion"] for error in errors)
            assert (checked.status_code, checked.json()["valid"]) == (200, False)
            assert checked.json()["errors"] == errors
            assert (await served.client.get("/workflows")).json()["items"] == []

    asyncio.run(main())


def test_a_change_is_made_for_a_version_and_refused_for_another_with_what_is_there() -> None:
    async def main() -> None:
        async with serving() as served:
            await upload(served, GREETING)
            second = GREETING.replace("hello", "good day")

            unsaid = await put(served, "greeting", second)
            changed = await put(served, "greeting", second, if_match='"1"')
            late = await put(served, "greeting", GREETING, if_match='"1"')

            assert (unsaid.status_code, unsaid.json()["code"]) == (428, "precondition_required")
            assert (changed.status_code, changed.headers["etag"]) == (200, '"2"')
            assert (late.status_code, late.json()["code"]) == (412, "outdated")
            present = late.json()["present"]
            assert (present["version"], present["text"]) == (2, second)
            assert present["actor"] and present["at"]
            assert late.headers["etag"] == '"2"'
            first = await served.client.get("/workflows/greeting?version=1")
            assert first.json()["text"] == GREETING
            versions = (await served.client.get("/workflows/greeting/versions")).json()
            assert [one["version"] for one in versions["items"]] == [2, 1]
            assert (await upload(served, GREETING)).status_code == 409
            assert (await served.client.get("/workflows/greeting?version=3")).status_code == 404

    asyncio.run(main())


def test_a_late_change_is_told_what_it_was_what_it_is_and_where_both_changed_it() -> None:
    async def main() -> None:
        async with serving() as served:
            await upload(served, GREETING)
            theirs = GREETING.replace("hello", "good day")
            await put(served, "greeting", theirs, if_match='"1"')
            await put(served, "greeting", theirs + "version: '7'\n", if_match='"2"')

            mine = GREETING.replace("hello", "hi") + "description: Says hi.\n"
            late = (await put(served, "greeting", mine, if_match='"1"')).json()
            gone = await served.client.delete("/workflows/greeting", headers={"if-match": '"1"'})
            never = (await put(served, "greeting", mine, if_match='"9"')).json()

            assert (late["base"]["version"], late["base"]["text"]) == (1, GREETING)
            assert (late["present"]["version"], late["complete"]) == (3, True)
            assert late["changed"] == {"mine": ["description"], "theirs": ["version"]}
            (conflict,) = late["conflicts"]
            assert conflict["path"] == "output"
            for side, word in (("base", "hello"), ("theirs", "good day"), ("mine", "hi")):
                assert word in conflict[side]
            assert gone.status_code == 412
            assert gone.json()["changed"] == {"mine": [], "theirs": ["output", "version"]}
            assert (never["base"], never["present"]["version"]) == (None, 3)
            assert "conflicts" not in never

    asyncio.run(main())


def test_a_deleted_workflow_is_gone_and_what_comes_after_begins_anew() -> None:
    async def main() -> None:
        async with serving() as served:
            await upload(served, GREETING)
            await put(served, "greeting", GREETING.replace("hello", "bye"), if_match="*")

            stale = await served.client.delete("/workflows/greeting", headers={"if-match": '"1"'})
            gone = await served.client.delete("/workflows/greeting")

            assert (stale.status_code, gone.status_code) == (412, 204)
            assert (await served.client.get("/workflows/greeting")).status_code == 404
            again = await upload(served, GREETING)
            versions = (await served.client.get("/workflows/greeting/versions")).json()
            assert len(versions["items"]) == 1
            assert again.headers["etag"] not in ('"1"', '"2"')

    asyncio.run(main())


def test_what_the_server_offers_is_neither_replaced_nor_deleted() -> None:
    async def main() -> None:
        async with serving(echoing()) as served:
            text = GREETING.replace("workflow: greeting", "workflow: echo")
            assert (await upload(served, text)).status_code == 409
            assert (await put(served, "echo", text, if_match="*")).status_code == 409
            assert (await served.client.delete("/workflows/echo")).status_code == 409

    asyncio.run(main())


def test_a_workflow_is_drawn_and_tells_its_inputs() -> None:
    async def main() -> None:
        async with serving() as served:
            await upload(served, GREETING)

            graph = (await served.client.get("/workflows/greeting/graph")).json()
            schema = (await served.client.get("/workflows/greeting/schema")).json()

            assert [node["id"] for node in graph["nodes"]] == ["greet"]
            assert graph["mermaid"].startswith("flowchart TD\n")
            assert schema["properties"] == {"name": {"type": "string"}}

    asyncio.run(main())


def test_who_does_not_wait_gets_the_session_and_it_goes_on() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            for query, headers in [("", {}), ("?wait=0.05", {}), ("", {"prefer": "wait=0"})]:
                started = await served.client.post(
                    f"/workflows/waiting/start{query}", json={}, headers=headers
                )
                assert started.status_code == 202
                assert started.json()["status"] in ("running", "waiting")
            preferred = await served.client.post(
                "/workflows/waiting/start?wait=0", json={}, headers={"prefer": "wait=100"}
            )
            assert preferred.status_code == 202

    asyncio.run(main())


def test_a_client_that_hangs_up_cancels_nothing() -> None:
    async def main() -> None:
        async with serving(waiting()) as served:
            with pytest.raises(httpx2.TimeoutException):
                await served.client.post(
                    "/workflows/waiting/start?wait=60", json={"key": "k"}, timeout=0.3
                )
            (item,) = (await served.client.get("/sessions")).json()["items"]
            await served.client.post(f"/sessions/{item['id']}/signal", json={"name": "go"})

            again = await served.client.post("/workflows/waiting/start?wait=5", json={"key": "k"})

            assert (again.status_code, again.json()["id"]) == (200, item["id"])
            assert again.json()["status"] == "completed"

    asyncio.run(main())


def test_a_key_of_another_workflow_is_refused() -> None:
    async def main() -> None:
        async with serving(waiting(), echoing()) as served:
            await served.client.post("/workflows/waiting/start", json={"key": "k"})

            other = await served.client.post("/workflows/echo/start", json={"key": "k"})

            assert (other.status_code, other.json()["code"]) == (422, "key_reused")

    asyncio.run(main())


PARENT = """\
workflow: parent
graph:
  nodes:
    below: {workflow: below}
output: "outputs.below"
"""


def child(said: str) -> str:
    return f"""\
workflow: below
graph:
  nodes:
    say: {{condition: "true"}}
output: "'{said}'"
"""


def test_a_workflow_starts_the_one_of_its_own_organisation_and_never_another_ones() -> None:
    async def main() -> None:
        async with serving(authenticator=ByHeader()) as served:

            async def run(who: dict[str, str]) -> Any:
                done = await served.client.post(
                    "/workflows/parent/start?wait=5", json={}, headers=who
                )
                return done.json().get("output", done.json().get("code"))

            red, blue = of("red"), of("blue")
            for who, said in [(red, "red"), (blue, "blue")]:
                assert (await upload(served, child(said), **who)).status_code == 201
                assert (await upload(served, PARENT, **who)).status_code == 201
            assert [await run(red), await run(blue), await run(red)] == ["red", "blue", "red"]

            # Without a workflow of its own of that name there is none, whoever else has run one.
            await served.client.delete("/workflows/below", headers=blue)
            assert await run(blue) == "not_found"
            assert (
                (await upload(served, PARENT, **of("green")))
                .json()["errors"][0]["message"]
                .startswith("There is no workflow 'below'")
            )
            for path in ["", "/versions", "/graph", "/schema"]:
                answer = await served.client.get(f"/workflows/parent{path}", headers=of("green"))
                assert answer.status_code == 404

    asyncio.run(main())


def test_workflows_that_start_each_other_in_a_circle_are_refused() -> None:
    async def main() -> None:
        async with serving() as served:
            await upload(served, child("x"))
            await upload(served, PARENT)

            circle = (
                PARENT.replace("workflow: parent", "workflow: below", 1)
                .replace("{workflow: below}", "{workflow: parent}")
                .replace("outputs.below", "'x'")
            )
            refused = await put(served, "below", circle, if_match="*")

            assert refused.status_code == 422
            assert "circle" in refused.json()["detail"]

    asyncio.run(main())


def test_each_change_stands_in_the_ledger_with_before_and_after() -> None:
    async def main() -> None:
        async with serving() as served:
            await upload(served, GREETING)
            await put(served, "greeting", GREETING + "# more\n", if_match="*")
            await served.client.post(
                "/workflows/greeting/start?wait=5", json={"inputs": {"name": "A"}}
            )
            await served.client.delete("/workflows/greeting")

            entries = (await served.service.ledger.entries(EntryQuery(tenant="local")))[::-1]
            assert [entry.action for entry in entries] == [
                "workflow.add",
                "workflow.change",
                "session.start",
                "workflow.delete",
            ]
            assert entries[1].before is not None and entries[1].before["text"] == GREETING

    asyncio.run(main())
