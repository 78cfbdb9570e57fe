"""Who comes to the web UI of a server that asks who they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx2
import pytest

from tests.browser.built import built, needs_node
from tests.browser.chromium import Browser, needs_chromium
from tests.browser.visiting import Visitor
from tests.server.clients.servers import Server, serving

pytestmark = [needs_chromium, needs_node, pytest.mark.slow]
PASSWORD = "correct horse battery"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    built()
    with serving(tmp_path) as made:
        yield made


def test_a_key_opens_the_page_that_was_asked_for_until_one_logs_out(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    with browser.page() as page:
        me = Visitor(page, tmp_path)
        page.open(f"{server.address}/approvals")
        me.sees("Log in to Tenuto")
        me.look("login")
        page.fill("input[name=key]", "tnt_local-000000000000_wrong")
        me.press("Log in", "button[type=submit]")
        me.sees("not_authenticated", "[role=alert]")

        page.fill("input[name=key]", server.key)
        me.press("Log in", "button[type=submit]")
        me.sees("Nothing waits for you")
        page.open(f"{server.address}/sessions")
        me.sees("No sessions yet")
        me.sees("Live", "[data-hearing]")

        me.press("Account of")
        me.press("Log out")
        me.sees("Log in to Tenuto")
        page.open(f"{server.address}/sessions")
        me.sees("Log in to Tenuto")


def test_a_password_keeps_a_login_in_cookies_that_no_page_reads(
    server: Server, browser: Browser, tmp_path: Path
) -> None:
    made = httpx2.post(
        f"{server.address}/api/v1/users",
        json={"name": "ada", "password": PASSWORD, "roles": ["operator"]},
        headers={"Authorization": f"Bearer {server.key}"},
    )
    assert made.status_code == 201
    with browser.page() as page:
        me = Visitor(page, tmp_path)
        page.open(f"{server.address}/login")
        me.press("Name and password")
        page.fill("input[name=name]", "ada")
        page.fill("input[name=password]", PASSWORD)
        me.press("Log in", "button[type=submit]")
        me.sees("No sessions yet")
        assert "tenuto_access" not in page.evaluate("document.cookie")

        # What was let run out is renewed unseen.
        page.send("Network.deleteCookies", name="tenuto_access", url=server.address)
        page.open(f"{server.address}/sessions?start=triage")
        page.fill("dialog textarea[name=text]", "The kettle arrived broken.")
        me.press("Start", "dialog button[type=submit]")

        me.sees("'Pay the order back?' is to be approved or denied")
        assert page.evaluate("sessionStorage.length") == 0
