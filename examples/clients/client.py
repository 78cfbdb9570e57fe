"""Starts a session on a server, watches it, and asks you what it asks. Needs `httpx2`.

    tenuto serve examples/triage.yaml
    TENUTO_KEY=tnt_… python examples/clients/client.py "My parcel is broken"

A lost connection, or a server that is killed and started again, loses nothing: the client goes on
behind the last event that it has. TENUTO_URL says where the server is, http://127.0.0.1:8080 else.
"""

import json
import os
import sys
import time
import uuid
from collections.abc import Iterable, Iterator
from typing import Any

import httpx2

Frame = tuple[str, str, dict[str, Any]]
"""Name, id and data."""
RETRIES = 30


def connected() -> httpx2.Client:
    """Return a client that shows the key with each request."""
    address = os.environ.get("TENUTO_URL", "http://127.0.0.1:8080")
    headers = {"Authorization": f"Bearer {os.environ['TENUTO_KEY']}"}
    return httpx2.Client(base_url=f"{address}/api/v1", headers=headers, timeout=60)


def start(api: httpx2.Client, workflow: str, inputs: dict[str, Any]) -> str:
    """Start a session, once, however often it has to be asked for; return its id."""
    headers = {"Idempotency-Key": str(uuid.uuid4())}
    for left in reversed(range(RETRIES)):
        try:
            answer = api.post(
                f"/workflows/{workflow}/start", json={"inputs": inputs}, headers=headers
            )
        except httpx2.TransportError:
            if not left:
                raise
            time.sleep(1)
        else:
            return str(checked(answer)["id"])
    raise AssertionError("the last attempt returns or raises")


def follow(api: httpx2.Client, session: str) -> Iterator[Frame]:
    """Yield the frames of a session until it has ended, each event once."""
    seen, left = "0", RETRIES
    while left:
        try:
            headers = {"Last-Event-ID": seen}
            with api.stream("GET", f"/sessions/{session}/stream", headers=headers) as answer:
                if not answer.is_success:
                    answer.read()
                    checked(answer)
                for name, id, data in frames(answer.iter_lines()):
                    left = RETRIES
                    seen = id if name == "event" else seen
                    yield name, id, data
                    if name == "end":
                        return
        except httpx2.TransportError:
            print("The connection is lost; trying again.", file=sys.stderr)
        left -= 1
        time.sleep(1)
    raise SystemExit(f"The server does not answer; session {session} goes on without this client.")


def frames(lines: Iterable[str]) -> Iterator[Frame]:
    """Yield the server-sent events in lines of text."""
    name = id = data = ""
    for line in lines:
        field, _, value = line.partition(": ")
        if field == "event":
            name = value
        elif field == "id":
            id = value
        elif field == "data":
            data = value
        elif not line and name:
            yield name, id, json.loads(data)
            name = id = data = ""


def decide(api: httpx2.Client, session: str) -> None:
    """Ask the person at the terminal what the session asks."""
    for one in checked(api.get("/approvals"))["items"]:
        if one["session"] == session:
            word = "approve" if input(f"{one['title']} [y/n] ") == "y" else "deny"
            checked(api.post(f"/approvals/{session}/{one['task']}/{word}", json={}))


def checked(answer: httpx2.Response) -> Any:
    """Return what an answer holds; end with what a refusal says."""
    if answer.is_success:
        return answer.json()
    problem = answer.json()
    raise SystemExit(f"{problem['title']}: {problem['detail']} {problem['hint']}")


def main(text: str) -> None:
    """Give the support desk a customer's words."""
    with connected() as api:
        session = start(api, "triage", {"text": text})
        for name, id, data in follow(api, session):
            if name == "event":
                print(f"{id:>3} {data['type'].removeprefix('tenuto.')} {data['subject']}")
                if data["data"].get("kind") == "approval":
                    decide(api, session)
        print(json.dumps(checked(api.get(f"/sessions/{session}"))["output"]))


if __name__ == "__main__":
    main(" ".join(sys.argv[1:]) or "My parcel is broken")
