"""What a browser lets pages of other origins do with a server that asks nobody to log in, and with
the login of whoever looks at them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.browser.chromium import Browser, Page, needs_chromium
from tests.browser.pages import served
from tests.server.clients.servers import Server, serving

pytestmark = needs_chromium
PASSWORD = "a horse and a battery"

TRY = """async (api) => {
  const json = { "Content-Type": "application/json" };
  const asked = async (path, request) => {
    try {
      const answer = await fetch(api + path, { credentials: "include", ...request });
      return answer.status || answer.type;
    } catch (error) { return error.name; }
  };
  const heard = (source, good) => new Promise((resolve) => {
    source.addEventListener(good, () => { source.close(); resolve("open"); });
    source.addEventListener("error", () => { source.close(); resolve("error"); });
  });
  const text = await new Promise((resolve) => {
    const script = document.createElement("script");
    script.src = api + "/sessions";
    script.onload = () => resolve("loaded");
    script.onerror = () => resolve("error");
    document.head.append(script);
  });
  const start = JSON.stringify({ inputs: { text: "My parcel is broken" } });
  return {
    read: await asked("/sessions", {}),
    write: await asked("/workflows/triage/start", { method: "POST", headers: json, body: start }),
    blind: await asked("/workflows/triage/start", { method: "POST", mode: "no-cors", body: start }),
    change: await asked("/workflows/other", { method: "PUT", headers: json, body: "{}" }),
    listen: await heard(new EventSource(api + "/events"), "open"),
    socket: await heard(new WebSocket(api.replace("http", "ws") + "/events"), "open"),
    script: text,
  };
}"""

USE = """async (api) => {
  const start = await fetch(api + "/workflows/triage/start", {
    method: "POST",
    headers: { "Content-Type": "application/json", "Idempotency-Key": "one" },
    body: JSON.stringify({ inputs: { text: "Thank you" } }),
  });
  const list = await (await fetch(api + "/sessions")).json();
  const opened = (source) => new Promise((resolve) => {
    source.onopen = () => { source.close(); resolve("open"); };
    source.onerror = () => { source.close(); resolve("error"); };
  });
  return {
    status: start.status,
    location: start.headers.get("Location"),
    items: list.items.map((item) => item.id),
    listen: await opened(new EventSource(api + "/events")),
    socket: await opened(new WebSocket(api.replace("http", "ws") + "/events")),
  };
}"""

LOG_IN = """async (login) => {
  const headers = { "Content-Type": "application/json" };
  const body = JSON.stringify(login);
  await fetch("/api/v1/auth/login", { method: "POST", headers, body });
  return (await fetch("/api/v1/sessions")).status;
}"""

FORM = """(action) => {
  const form = document.createElement("form");
  Object.assign(form, { action, method: "post", enctype: "text/plain" });
  const field = document.createElement("input");
  [field.name, field.value] = ['{"inputs": {"text": "broken', '"}}'];
  form.append(field, document.createElement("button"));
  form.lastChild.textContent = "Win!";
  document.body.append(form);
}"""

NOTHING = {
    "read": "TypeError",
    "write": "TypeError",
    "blind": "TypeError",
    "change": "TypeError",
    "listen": "error",
    "socket": "error",
    "script": "error",
}


@pytest.fixture
def origin(tmp_path: Path) -> Iterator[str]:
    """Give where an empty page is."""
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "index.html").write_text("<title>A page</title>", "utf-8")
    with served(tmp_path / "pages") as address:
        yield address


def test_a_page_of_another_origin_reads_nothing_and_starts_nothing(
    browser: Browser, origin: str, tmp_path: Path
) -> None:
    with serving(tmp_path, "--dev") as server, browser.page() as page:
        assert tried(page, origin, server) == NOTHING
        assert sessions(server) == []


def test_a_form_of_another_origin_starts_nothing(
    browser: Browser, origin: str, tmp_path: Path
) -> None:
    with serving(tmp_path, "--dev") as server, browser.page() as page:
        page.open(f"{origin}/index.html")
        page.call(FORM, f"{server.address}/api/v1/workflows/triage/start")

        page.click("button")
        page.until("document.body?.innerText.includes('foreign_page')")

        assert sessions(server) == []


def test_a_page_of_an_allowed_origin_reads_starts_and_listens(
    browser: Browser, origin: str, tmp_path: Path
) -> None:
    with serving(tmp_path, "--dev", "--allow-origin", origin) as server, browser.page() as page:
        page.open(f"{origin}/index.html")
        found = page.call(USE, f"{server.address}/api/v1")

        (session,) = sessions(server)
        assert found["status"] == 202
        assert found["location"].endswith(session)
        assert found["items"] == [session]
        assert (found["listen"], found["socket"]) == ("open", "open")


def test_another_page_cannot_use_the_login_of_who_looks_at_it(
    browser: Browser, origin: str, tmp_path: Path
) -> None:
    """The other page is of the same site, as browsers see it: they send it the cookies."""
    with serving(tmp_path) as server, browser.page() as page:
        log_in(page, server)

        assert tried(page, origin, server) == NOTHING
        assert sessions(server) == []


def log_in(page: Page, server: Server) -> None:
    """Log a user in by cookie, on a page of the server's own."""
    user = {"name": "ada", "password": PASSWORD, "roles": ["developer", "operator"]}
    with client(server) as api:
        assert api.post("/users", json=user).status_code == 201
    page.open(f"{server.address}/docs")
    login = {"name": "ada", "password": PASSWORD, "keep": "cookie"}
    assert page.call(LOG_IN, login) == 200
    assert page.evaluate("document.cookie").startswith("tenuto_csrf=")


def tried(page: Page, origin: str, server: Server) -> dict[str, Any]:
    """Return what came of all that a page at `origin` can try."""
    page.open(f"{origin}/index.html")
    found: dict[str, Any] = page.call(TRY, f"{server.address}/api/v1")
    return found


def sessions(server: Server) -> list[str]:
    """Return the ids of the sessions that were started."""
    with client(server) as api:
        return [item["id"] for item in api.get("/sessions").json()["items"]]


def client(server: Server) -> httpx2.Client:
    headers = {"Authorization": f"Bearer {server.key}"} if server.key else {}
    return httpx2.Client(base_url=f"{server.address}/api/v1", headers=headers)
