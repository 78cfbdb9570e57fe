"""Pages for people say what the server does, and load nothing from elsewhere."""

import asyncio

from scripts.write_errors import TARGET
from tenuto.server.pages import errors_markdown
from tenuto.server.problems import CODES
from tests.server.api.served import serving


def test_the_committed_page_of_problems_is_that_of_the_table() -> None:
    assert TARGET.read_text("utf-8") == errors_markdown(), "run scripts/write_errors.py"


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
