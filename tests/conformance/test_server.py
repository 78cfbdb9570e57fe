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


@pytest.mark.parametrize("scenario", PASSING)
def test_our_server_passes_what_it_claims(scenario: str, url: str) -> None:
    passed, said = conformance.server(scenario, url)

    assert passed, said


def test_each_scenario_of_the_suite_is_claimed() -> None:
    assert set(PASSING) == set(conformance.scenarios("server"))
