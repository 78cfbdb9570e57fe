"""The official conformance suite of MCP against our server."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from scripts import conformance
from tests.conformance.server_program import PASSING
from tests.conformance.suite import needs_suite
from tests.server.mcp.serving import ROOT, environment

pytestmark = [pytest.mark.slow, needs_suite]


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Where the program with the suite's tools is served."""
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.server_program"],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    yield process.stdout.readline().strip()
    process.kill()
    process.communicate()


def test_our_server_passes_each_scenario_of_the_suite_and_claims_all(url: str) -> None:
    passed, said = conformance.servers(url)

    assert set(PASSING) == set(passed)
    assert [scenario for scenario, is_passed in passed.items() if not is_passed] == [], said
