"""Pages for people say what the server does, and load nothing from elsewhere."""

import asyncio
from html.parser import HTMLParser

from scripts import write_api
from scripts.write_errors import TARGET
from tenuto.bootstrap.serving import api_description
from tenuto.server.codes import CODES
from tenuto.server.markdown import errors_markdown
from tenuto.server.pages import routes_page
from tests.server.api.served import serving


def test_the_committed_page_of_problems_is_that_of_the_table() -> None:
    assert TARGET.read_text("utf-8") == errors_markdown(), "run scripts/write_errors.py"


def test_the_committed_page_of_routes_is_that_of_the_server() -> None:
    assert write_api.TARGET.read_text("utf-8") == write_api.rendered(), "run scripts/write_api.py"


class Page(HTMLParser):
    """What a page links to and what can be linked to in it."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: list[str] = []
        self.links: list[str] = []
        self.tags: list[str] = []
        self.open: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        found = dict(attrs)
        assert not [name for name in found if name == "style" or name.startswith("on")]
        if found.get("id"):
            self.anchors.append(str(found["id"]))
        if found.get("href") or found.get("src"):
            self.links.append(str(found.get("href") or found.get("src")))
        if tag not in ("meta", "link"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed where it is not open"


def test_every_link_of_the_pages_leads_somewhere_on_this_server() -> None:
    async def main() -> None:
        async with serving() as served:
            pages: dict[str, Page] = {}
            for path in ("/docs", "/docs/errors"):
                answer = await served.client.get(served.address + path)
                assert "script-src 'self'" in answer.headers["content-security-policy"]
                page = pages[path] = Page(answer.text)
                assert not page.open and not {"script", "style", "img"} & {*page.tags}
                assert len(page.anchors) == len({*page.anchors})
            for path, page in pages.items():
                for link in page.links:
                    target, _, anchor = link.partition("#")
                    assert not target or target.startswith("/")
                    if anchor:
                        assert anchor in pages[target or path].anchors
                    else:
                        found = await served.client.get(served.address + target)
                        assert found.status_code == 200

    asyncio.run(main())


def test_a_route_is_shown_with_what_it_takes_and_answers() -> None:
    description = asyncio.run(api_description())

    page = routes_page(description)

    begin = page.index('id="usage_show_usage"')
    shown = page[begin : page.index("</section>", begin)]
    assert "GET /api/v1/usage" in shown and "<code>since</code>" in shown
    assert "string (date) or null" in shown and '<a href="#shape-UsageReport">' in shown
    assert "at most 999" in shown and "query optional" in shown


def test_what_a_description_says_is_no_markup() -> None:
    operation = {
        "operationId": "x",
        "tags": ["<b>"],
        "description": "<script>alert(1)</script> `<i>`",
        "parameters": [{"name": "<u>", "in": "query", "schema": {"enum": ["<s>"]}}],
        "responses": {"200": {"description": "<em>"}},
    }
    description = {"paths": {"/<p>": {"get": operation}}, "components": {"schemas": {}}}

    page = Page(routes_page(description))

    assert not {"b", "script", "i", "u", "s", "em"} & {*page.tags}


def test_a_problem_leads_to_where_its_code_is_explained() -> None:
    async def main() -> None:
        async with serving() as served:
            problem = (await served.client.get("/nowhere")).json()
            page, _, anchor = problem["type"].partition("#")
            found = await served.client.get(served.address + page)

            assert found.headers["content-type"].startswith("text/html")
            assert f'id="{anchor}"' in found.text
            assert all(f'id="{code}"' in found.text for code in CODES)
            routes = await served.client.get(f"{served.address}/docs")
            assert "GET /api/v1/sessions/{session_id}" in routes.text
            for page in (found.text, routes.text):
                assert "<script" not in page and "style=" not in page and '="http' not in page

    asyncio.run(main())
