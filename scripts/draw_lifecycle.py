"""Draws the lifecycle table into docs/lifecycle.md; `--check` fails if it is not up to date."""

import sys
from pathlib import Path

from tenuto.core.lifecycle import LEGAL, STATUS, TERMINAL

TARGET = Path(__file__).parent.parent / "docs" / "lifecycle.md"


def drawn() -> str:
    """Return the page."""
    lines = [
        "# The lifecycle of a session",
        "",
        "Drawn from `core/lifecycle.py` by `scripts/draw_lifecycle.py`; do not edit.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> initializing",
    ]
    lines += [f"    {phase} --> {to}: {event}" for (phase, event), to in LEGAL.items()]
    lines += [f"    {phase} --> [*]" for phase in sorted(TERMINAL)]
    lines += ["```", "", "| in phase | event | leads to |", "| --- | --- | --- |"]
    lines += [f"| {phase} | `{event}` | {to} |" for (phase, event), to in LEGAL.items()]
    lines += ["", "What is not in the table cannot happen: such a log is refused.", ""]
    lines += ["| phase | users see |", "| --- | --- |"]
    lines += [f"| {phase} | {status} |" for phase, status in STATUS.items()]
    lines += ["", "A running session with nothing to do but wait is shown as *waiting*.", ""]
    return "\n".join(lines)


def main() -> int:
    """Return 0, or 1 where `--check` finds the page out of date."""
    if "--check" in sys.argv:
        return int(TARGET.read_text(encoding="utf-8") != drawn())
    TARGET.write_text(drawn(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
