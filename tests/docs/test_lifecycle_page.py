"""The drawn lifecycle is the table's."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent


def test_the_page_is_drawn_from_the_table_as_it_is() -> None:
    run = subprocess.run(
        [sys.executable, "scripts/draw_lifecycle.py", "--check"], cwd=ROOT, check=False
    )

    assert run.returncode == 0, "run scripts/draw_lifecycle.py"
