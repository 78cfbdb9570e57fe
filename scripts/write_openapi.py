"""Writes the OpenAPI description of the server, from its routes. Usage: scripts/write_openapi.py"""

import asyncio
import json
from pathlib import Path

from tenuto.bootstrap.serving import api_description

TARGET = Path(__file__).parent.parent / "docs" / "openapi.json"


def rendered() -> str:
    """Return the text of the file."""
    description = asyncio.run(api_description())
    return json.dumps(description, indent=1, ensure_ascii=False, sort_keys=True) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
    print(f"wrote {TARGET.name}")
