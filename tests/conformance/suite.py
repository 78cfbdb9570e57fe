"""Whether the official conformance suite of MCP is on this machine."""

import pytest

from scripts import conformance

FAULT = conformance.fault()
needs_suite = pytest.mark.skipif(
    bool(FAULT), reason=f"{FAULT}. Skipped: what the official suite says of us."
)
"""On a test that runs the suite. With CI=true a skipped test is a failed one."""
