"""Writes the OpenAPI description of the server, from its routes. Usage: scripts/write_openapi.py"""

import asyncio
import json
from pathlib import Path

from tenuto.bootstrap.serving import open_service
from tenuto.server.app import routed
from tenuto.server.description import describe

TARGET = Path(__file__).parent.parent / "docs" / "openapi.json"


def rendered() -> str:
    """Return the text of the file."""
    return asyncio.run(_rendered())


async def _rendered() -> str:
    async with open_service("memory://", []) as service:
        description = describe(routed(service))
    return json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
    print(f"wrote {TARGET.name}")
