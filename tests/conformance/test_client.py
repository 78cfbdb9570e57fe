"""The official conformance suite of MCP against our client."""

import pytest

from scripts import conformance
from tests.conformance.suite import needs_suite

pytestmark = [pytest.mark.slow, needs_suite]


@pytest.mark.parametrize("scenario", conformance.CLIENT)
def test_our_client_passes_what_it_claims(scenario: str) -> None:
    passed, said = conformance.client(scenario)

    assert passed, said


@pytest.mark.parametrize("scenario", ["auth/metadata-default", "tools_call"])
def test_a_client_that_does_not_do_what_is_claimed_does_not_pass(
    scenario: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CONFORMANCE_IDLE", "1")

    passed, _ = conformance.client(scenario)

    assert not passed


def test_each_scenario_is_claimed() -> None:
    assert set(conformance.CLIENT) == set(conformance.scenarios("client"))
