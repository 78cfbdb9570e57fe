"""Writes the JSON Schema of workflow files, from the code. Usage: scripts/write_schema.py"""

import json
from pathlib import Path

from tenuto.core.workflow.schema import workflow_schema

TARGET = Path(__file__).parent.parent / "docs" / "workflow.schema.json"


def rendered() -> str:
    """Return the text of the file."""
    return json.dumps(workflow_schema(), indent=2, ensure_ascii=False) + "\n"


if __name__ == "__main__":
    TARGET.write_text(rendered(), "utf-8")
    print(f"wrote {TARGET.name}")
