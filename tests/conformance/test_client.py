"""The official conformance suite of MCP against our client."""

import pytest

from scripts import conformance

needs_suite = pytest.mark.skipif(
    bool(conformance.fault()), reason=f"{conformance.fault()}. Skipped: what it says of our client."
)
"""On a test that runs the suite. With CI=true a skipped test is a failed one."""

pytestmark = [pytest.mark.slow, needs_suite]


@pytest.mark.parametrize("scenario", conformance.CLIENT)
def test_our_client_passes_what_it_claims(scenario: str) -> None:
    passed, said = conformance.client(scenario)

    assert passed, said


def test_a_client_that_does_not_do_what_is_claimed_does_not_pass() -> None:
    passed, _ = conformance.client("elicitation-sep1034-client-defaults")

    assert not passed


def test_each_scenario_is_claimed_or_has_a_reason_why_not() -> None:
    unknown = [
        name
        for name in conformance.scenarios("client")
        if name not in conformance.CLIENT and not conformance.why_not(name)
    ]

    assert unknown == []
