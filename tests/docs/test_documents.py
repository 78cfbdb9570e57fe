"""What the README and the guides show is run as it stands.

`python` blocks of one page are run one after another, as one program, in an empty folder. A block
whose first line is `# name.py`, `# name.yaml` or the like is written to that file first. Lines that
begin with `$` in `console` blocks are run by the shell in that folder, after all that stands above
them, and must succeed; `# exits N` behind the command says otherwise. `text` blocks and others are
only read.
"""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs" / "guides").glob("*.md"))]
BLOCK = re.compile(r"^```(\w+)[^\n]*\n(.*?)^```$", re.M | re.S)
FILE = re.compile(r"# ([\w./-]+\.(?:py|yaml|yml|json|md|txt))\n")
COMMAND = re.compile(r"^\$ (.*?)(?:\s+# exits (\d+))?$", re.M)


def steps_of(page: Path) -> Iterator[tuple[str, str]]:
    """The blocks of a page in order: a file to write, a program to run, or a command."""
    for kind, text in BLOCK.findall(page.read_text(encoding="utf-8")):
        named = FILE.match(text)
        if named and kind in ("python", "yaml", "json", "markdown"):
            yield f"file {named[1]}", text
        elif kind == "python":
            yield "python", text
        elif kind == "console":
            for command, status in COMMAND.findall(text):
                yield f"console {status or 0}", command


def environment(folder: Path) -> dict[str, str]:
    scripts = str(Path(sys.executable).parent)
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TENUTO_")}
    return {
        **kept,
        "PATH": f"{scripts}{os.pathsep}{os.environ.get('PATH', '')}",
        "PYTHONPATH": os.pathsep.join(filter(None, (str(folder), os.environ.get("PYTHONPATH")))),
        "COLUMNS": "100",
    }


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_everything_that_a_page_shows_works(page: Path, tmp_path: Path) -> None:
    program, steps = "", [*steps_of(page), ("end", "")]
    for (kind, text), (after, _) in pairwise(steps):
        what, _, argument = kind.partition(" ")
        if what == "file":
            target = tmp_path / argument
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        elif what == "python":
            program += text
            # Blocks that follow one another are one program, which is run once.
            if after != "python":
                run_in(tmp_path, [sys.executable, "-W", "error", "-c", program], "0")
        else:
            run_in(tmp_path, ["bash", "-c", text], argument)


def run_in(folder: Path, command: list[str], status: str) -> None:
    """Run a command, which must end with the status."""
    run = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert run.returncode == int(status), f"{command[-1]}\n{run.stdout}\n{run.stderr}"


def test_every_page_has_something_to_run() -> None:
    silent = [page.name for page in PAGES if not list(steps_of(page))]

    assert silent == []


def test_every_link_between_pages_leads_somewhere() -> None:
    pages = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in pages
        for target in re.findall(r"\]\(([^)#\s]+)(?:#[^)]*)?\)", page.read_text(encoding="utf-8"))
        if "://" not in target and not (page.parent / target).exists()
    ]

    assert broken == []
