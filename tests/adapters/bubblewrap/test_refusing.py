"""A sandbox that does not confine is none: it refuses, and says what to do."""

import asyncio
import sys
from pathlib import Path

import pytest

from tenuto.adapters.bubblewrap import BubblewrapSandbox
from tenuto.adapters.bubblewrap.probe import fault_of_probe
from tenuto.adapters.bubblewrap.reading import Budget, files_in
from tenuto.core.errors import Escalatable, Rejected
from tenuto.ports.sandbox import SandboxLimits, SandboxResult, SandboxUnavailable


def fake(folder: Path, script: str) -> str:
    """Return a program that stands where `bwrap` should."""
    # Whoever runs it may be another user than the one who writes it.
    for place in (folder, *folder.parents):
        if place.stat().st_uid == Path.home().stat().st_uid and place != Path("/"):
            place.chmod(place.stat().st_mode | 0o055)
    program = folder / "bwrap"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    return str(program)


def refusal(program: str) -> str:
    with pytest.raises(SandboxUnavailable) as caught:
        asyncio.run(BubblewrapSandbox(program).run(["true"], limits=SandboxLimits()))
    assert isinstance(caught.value, Escalatable), "a person can settle it, and nobody else"
    return str(caught.value)


def test_a_program_that_is_not_installed_is_named_with_its_package() -> None:
    said = refusal("no-such-bwrap")

    assert "the program 'no-such-bwrap' is not installed" in said
    assert "apt-get install bubblewrap" in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it refuses before it starts one")
@pytest.mark.parametrize(
    ("script", "found", "hint"),
    [
        (
            "echo 'bwrap: No permissions to create new namespace' >&2; exit 1",
            "No permissions to create new namespace",
            "Allow user namespaces",
        ),
        (
            "echo 'bwrap: Unknown option --disable-userns' >&2; exit 1",
            "Unknown option",
            "bubblewrap 0.8 or newer",
        ),
        ("exit 4", "it ended with 4", "Try it by hand"),
        ("echo tenuto; echo 'it has a network'; echo done", "it has a network", "by hand"),
        ("echo tenuto", "did not come to its end", "by hand"),
    ],
)
def test_a_machine_that_cannot_confine_is_refused(
    tmp_path: Path, script: str, found: str, hint: str
) -> None:
    said = refusal(fake(tmp_path, script))

    assert found in said
    assert hint in said


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere it refuses before it starts one")
def test_running_without_confinement_is_noticed(tmp_path: Path) -> None:
    """The probe itself, run by a `bwrap` that only takes the options off."""
    said = refusal(fake(tmp_path, 'while [ "$1" != sh ]; do shift; done; shift 4; exec "$@"'))

    assert "is not confined" in said
    assert "no limit: address space" in said


def test_refusing_is_not_remembered(tmp_path: Path) -> None:
    sandbox = BubblewrapSandbox(str(tmp_path / "later"))

    for _ in range(2):
        with pytest.raises(SandboxUnavailable):
            asyncio.run(sandbox.check())


def test_a_probe_that_saw_nothing_wrong_is_silent() -> None:
    assert fault_of_probe(SandboxResult(output="tenuto\ndone\n")) == ""


@pytest.mark.parametrize(
    "limits", [{"cpu_ms_max": 0}, {"wall_ms_max": -1}, {"processes_max": True}]
)
def test_limits_are_whole_numbers_from_one_on(limits: dict[str, int]) -> None:
    with pytest.raises(Rejected, match="give a whole number from 1 on"):
        SandboxLimits(**limits)


@pytest.mark.parametrize(
    ("sent", "files"),
    [
        (b"3\nabc-\n1\nz", {"a": b"abc", "c": b"z"}),
        (b"", {}),
        (b"3\nab", {}),
        (b"x\n3\nabc", {}),
        (b"-\n-1\nabc", {}),
        (b"0\n99999999999999999999999999\nabc", {"a": b""}),
        (b"1\nq\xff\xff\n", {"a": b"q"}),
    ],
)
def test_what_a_sandbox_sends_is_believed_only_as_far_as_it_makes_sense(
    sent: bytes, files: dict[str, bytes]
) -> None:
    assert files_in(sent, ["a", "b", "c"]) == files


def test_a_budget_keeps_no_more_than_it_has() -> None:
    budget = Budget(5)

    kept = [budget.take(chunk) for chunk in (b"abc", b"de", b"", b"fg")]

    assert kept == [b"abc", b"de", b"", b""]
    assert budget.exceeded
