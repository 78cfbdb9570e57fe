"""What holds for every test: nothing is skipped in CI, and Hypothesis repeats itself exactly."""

import os
import sys
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Tests start hundreds of processes. Where the environment has Python keep nothing that it compiled,
# as images of containers often do, each would compile all of Tenuto anew: that takes three times as
# long as what it is started for.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False

IN_CI = os.environ.get("CI", "").lower() == "true"

# Deterministic by default: the same commit gives the same examples everywhere. Who wants to look
# for new ones asks for them: `HYPOTHESIS_PROFILE=explore make test`.
settings.register_profile(
    "default",
    derandomize=True,
    deadline=None,
    max_examples=60,
    database=None,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.register_profile(
    "explore",
    derandomize=False,
    deadline=None,
    max_examples=2_000,
    print_blob=True,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("default" if IN_CI else os.environ.get("HYPOTHESIS_PROFILE", "default"))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    # An expected failure is reported as skipped too; it ran, so it stays what it is. Sample data of
    # others are no part of the project, which tries the same on what it makes itself.
    may_be = hasattr(report, "wasxfail") or item.get_closest_marker("samples") is not None
    if IN_CI and report.skipped and not may_be:
        report.outcome = "failed"
        report.longrepr = (
            f"{item.nodeid}: skipped, and with CI=true nothing may be. {report.longrepr}"
        )
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    if IN_CI and report.skipped:
        report.outcome = "failed"
        report.longrepr = (
            f"{collector.nodeid}: skipped, and with CI=true nothing may be. {report.longrepr}"
        )
    return report
