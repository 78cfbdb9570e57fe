"""The web UI built from the sources as they are, for tests that look at it."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Final

import pytest

ROOT: Final = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))
try:
    import web as builder  # the script: scripts/ is no package
finally:
    sys.path.pop(0)

BUILT: Final = builder.BUILT

needs_node = pytest.mark.skipif(
    bool(builder.node_fault()) and os.environ.get("CI") != "true",
    reason=f"{builder.node_fault()} The web UI cannot be built.",
)
"""On a test of the UI or its code. With CI=true a skipped test is a failed one."""


def built() -> Path:
    """Return the folder of the build, made anew where the sources have changed since."""
    builder.build()
    return BUILT
