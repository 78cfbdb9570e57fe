"""Workflows over HTTP: uploaded, checked, versioned, drawn, started."""

import asyncio

from tests.server.api.served import Served, echoing, serving

GREETING = """\
# Says hello; kept as it was written.
workflow: greeting
inputs: {name: string}
graph:
  nodes:
    greet: {condition: "inputs.name != ''"}
output: "'hello ' + inputs.name"
"""


async def upload(served: Served, text: str, kind: str = "application/yaml"):
    return await served.client.post("/workflows", content=text, headers={"content-type": kind})


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
