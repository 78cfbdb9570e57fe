"""The official MCP conformance suite against our server. Needs Node 22 and the suite (npm)."""

import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.conformance.server_program import NOT_APPLICABLE, PASSING
from tests.server.mcp.serving import ROOT, environment

suite = pytest.importorskip("scripts.conformance", reason="the suite is not here")


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


@pytest.mark.slow
@pytest.mark.parametrize("scenario", PASSING)
def test_the_server_passes(scenario: str, url: str) -> None:
    done = suite.conformance("server", "--url", url, "--scenario", scenario)

    assert done.returncode == 0, done.stdout


@pytest.mark.slow
def test_every_scenario_passes_or_has_a_reason_not_to() -> None:
    done = suite.conformance("list", "--server")

    known = {line.split()[1] for line in done.stdout.splitlines() if line.startswith("  - ")}
    assert {*PASSING, *NOT_APPLICABLE} == known
