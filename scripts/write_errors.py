"""Writes the page of the API's problems, from their table. Usage: scripts/write_errors.py"""

from pathlib import Path

from tenuto.server.markdown import errors_markdown

TARGET = Path(__file__).parent.parent / "docs" / "errors.md"

if __name__ == "__main__":
    TARGET.write_text(errors_markdown(), "utf-8")
    print(f"wrote {TARGET.name}")
