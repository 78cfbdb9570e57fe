"""Writes the page of the API's routes, from their description. Usage: scripts/write_api.py"""

import asyncio
from pathlib import Path

from tenuto.bootstrap.serving import api_description
from tenuto.server.markdown import routes_markdown

TARGET = Path(__file__).parent.parent / "docs" / "api.md"


def rendered() -> str:
    """Return the text of the file."""
    return routes_markdown(asyncio.run(api_description()))


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
    print(f"wrote {TARGET.name}")
