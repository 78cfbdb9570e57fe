"""The web UI as the server sends it."""

from __future__ import annotations

import asyncio
import gzip
import os
from pathlib import Path

import httpx2
import pytest

from tenuto.server.routes import web
from tenuto.server.site import Site
from tests.server.api.served import echoing, serving

SCRIPT = "assets/main-1a2b.js"


@pytest.fixture
def built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder with a build, which the server sends."""
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text(f'<script src="/{SCRIPT}"></script>', "utf-8")
    (tmp_path / SCRIPT).write_text("run()", "utf-8")
    (tmp_path / f"{SCRIPT}.gz").write_bytes(gzip.compress(b"run()"))
    (tmp_path / "secret.txt").write_text("not for anybody", "utf-8")
    monkeypatch.setattr(web, "_site", Site(tmp_path))
    return tmp_path


def test_every_address_of_a_screen_gives_the_page_which_is_asked_for_each_time(
    built: Path,
) -> None:
    paths = ("/", "/sessions", "/sessions/ses_1?view=log&at=3", "/approvals", "/login")

    for found in answers(*paths):
        assert (found.status_code, found.text) == (200, f'<script src="/{SCRIPT}"></script>')
        assert found.headers["content-type"].startswith("text/html")
        assert found.headers["cache-control"] == "no-cache"
        assert "script-src 'self'" in found.headers["content-security-policy"]


def test_files_are_sent_to_be_kept_for_ever(built: Path) -> None:
    (found,) = answers(f"/{SCRIPT}", accepts="identity")

    assert found.text == "run()"
    assert found.headers["content-type"].startswith("text/javascript")
    assert "immutable" in found.headers["cache-control"]
    assert "content-encoding" not in found.headers


def test_files_are_sent_compressed_to_who_takes_that(built: Path) -> None:
    (found,) = answers(f"/{SCRIPT}", accepts="br;q=1.0, gzip;q=0.8")

    assert (found.text, found.headers["content-encoding"]) == ("run()", "gzip")
    assert found.headers["vary"] == "Accept-Encoding"


@pytest.mark.parametrize(
    "path", ["/assets/none.js", "/assets/..%2fsecret.txt", "/assets/%2e%2e/secret.txt", "/else"]
)
def test_what_is_no_file_of_the_build_and_no_screen_is_a_problem(built: Path, path: str) -> None:
    (found,) = answers(path)

    assert found.status_code == 404
    assert found.json()["code"] in ("not_found", "no_such_route")


def test_another_build_takes_the_place_of_the_first_without_a_restart(built: Path) -> None:
    async def main() -> str:
        async with serving(echoing()) as served:
            await served.client.get(f"{served.address}/")
            page = built / "index.html"
            before = page.stat()
            page.write_text("anew", "utf-8")
            os.utime(page, ns=(before.st_atime_ns, before.st_mtime_ns + 1_000_000))
            return (await served.client.get(f"{served.address}/")).text

    assert asyncio.run(main()) == "anew"


def test_where_nothing_is_built_the_page_says_how_to_build_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(web, "_site", Site(tmp_path))

    (found,) = answers("/", login=True)

    assert found.status_code == 200
    assert "python scripts/web.py" in found.text and "Node.js" in found.text


def test_a_page_needs_no_login_and_the_api_behind_it_does(built: Path) -> None:
    page, behind = answers("/sessions", "/api/v1/sessions", login=True)

    assert (page.status_code, behind.status_code) == (200, 401)


def test_the_graph_of_a_session_is_that_of_the_workflow_that_it_runs() -> None:
    async def main() -> dict[str, object]:
        async with serving(echoing()) as served:
            body = {"inputs": {"text": "a"}}
            started = await served.client.post("/workflows/echo/start?wait=10", json=body)
            found = await served.client.get(f"/sessions/{started.json()['id']}/graph")
            graph: dict[str, object] = found.json()
            return graph

    graph = asyncio.run(main())

    assert graph["entry"] == ["echo"]
    assert graph["edges"] == []


def answers(*paths: str, accepts: str = "identity", login: bool = False) -> list[httpx2.Response]:
    """Return what a server answers to requests for the paths."""

    async def main() -> list[httpx2.Response]:
        async with serving(echoing(), login=login) as served:
            headers = {"Accept-Encoding": accepts}
            return [
                await served.client.get(f"{served.address}{path}", headers=headers)
                for path in paths
            ]

    return asyncio.run(main())
