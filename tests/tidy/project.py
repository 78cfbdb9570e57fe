"""The project's own files, as the tidy tests read them."""

import ast
import subprocess
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
SOURCE: Final = ROOT / "src" / "tenuto"


@cache
def committed_files() -> tuple[Path, ...]:
    """Return every file that git keeps and that is still there, in git's order."""
    listing = subprocess.run(
        ["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True
    ).stdout
    files = tuple(ROOT / name for name in listing.split("\0") if name and (ROOT / name).is_file())
    assert files, f"git lists no file below {ROOT}"
    return files


@cache
def committed_texts() -> tuple[tuple[str, str], ...]:
    """Return name and text of every committed file that is text."""
    texts: list[tuple[str, str]] = []
    for path in committed_files():
        content = path.read_bytes()
        if b"\0" not in content:
            texts.append((name_of(path), content.decode("utf-8")))
    return tuple(texts)


def python_files(*folders: str) -> list[Path]:
    """Return the Python files of these folders of the project that git keeps, in git's order."""
    inside = tuple(f"{folder}/" for folder in folders)
    return [
        path
        for path in committed_files()
        if path.suffix == ".py" and name_of(path).startswith(inside)
    ]


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), filename=str(path))


def name_of(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def imported_modules(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield line and full name of every module imported anywhere in the tree, in any block."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, node.module or "."
