"""`python -m bench [NAME ...]`: measure, and print one table."""

import argparse
import shlex
import sys
from pathlib import Path
from typing import Final

from bench import machine
from bench.figures import FIGURES, NEED_A_PEER
from bench.lab import ROOT, Lab
from bench.table import Row, markdown

PAGE: Final = ROOT / "docs" / "benchmarks.md"


def main(arguments: list[str]) -> int:
    """Return 0 when no figure that was measured misses its bar, else 1."""
    options = parsed(arguments)
    lab = Lab(rounds=options.rounds, scale=options.scale)
    rows: list[Row] = []
    left_out: list[str] = []
    for name in options.names or FIGURES:
        if name in NEED_A_PEER and not machine.peer_is_here():
            left_out.append(name)
            continue
        print(f"measuring {name}", file=sys.stderr, flush=True)
        rows += FIGURES[name](lab)
    report = reported(rows, left_out, command=f"python -m bench {shlex.join(arguments)}".strip())
    print(report)
    if options.write:
        write(report, options.page)
    return 1 if any(row.verdict == "FAILS" for row in rows) else 0


def parsed(arguments: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of: {', '.join(FIGURES)}")
    parser.add_argument("--rounds", type=int, default=3, help="runs of which the median is taken")
    parser.add_argument("--scale", type=float, default=1.0, help="below 1: smaller, to try it out")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE.relative_to(ROOT)} too")
    parser.add_argument("--page", type=Path, default=PAGE, help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    unknown = [name for name in options.names if name not in FIGURES]
    if unknown:
        parser.error(f"no figure is called {', '.join(unknown)}; there are: {', '.join(FIGURES)}")
    if options.rounds < 1 or not 0 < options.scale <= 1:
        parser.error("--rounds is 1 or more, --scale above 0 and at most 1")
    return options


def reported(rows: list[Row], left_out: list[str], *, command: str) -> str:
    """Return the table with the facts that its figures depend on."""
    lines = [markdown(rows), "", f"Made by `{command}` on", ""]
    lines += [f"- {fact}" for fact in machine.facts()]
    if left_out or not machine.peer_is_here():
        lines += [
            "",
            f"LangGraph is not installed: {', '.join(left_out) or 'its figures'} left out.",
        ]
    return "\n".join(lines)


BEGIN: Final = "<!-- figures: written by `python -m bench --write` -->"
END: Final = "<!-- end of figures -->"


def write(report: str, page: Path) -> None:
    """Put the report between the marks of the page; what stands around them stays."""
    text = page.read_text("utf-8") if page.exists() else f"# Benchmarks\n\n{BEGIN}\n{END}\n"
    before, _, rest = text.partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(f"{before}{BEGIN}\n\n{report}\n\n{END}{after}", "utf-8")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
