"""Processes of their own: start-up, interrupts, kills, two at one database, closed pipes."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.shell import FLOWS, Shell

PATIENCE_S = 20.0


def wait_for(condition: Callable[[], bool]) -> None:
    """Return when `condition` holds; another process is to bring it about."""
    deadline = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)  # another process works meanwhile; nothing tells when it is done


def napping(shell: Shell) -> "subprocess.Popen[str]":
    """Start a session that waits for an hour, and return its process once it is at that."""
    process = shell.spawn("run", f"{FLOWS}:napping")
    wait_for(lambda: shell.database.exists() and "TimerSet" in shell("events", "last").out)
    return process


def ended(process: "subprocess.Popen[str]") -> tuple[int, str, str]:
    out, err = process.communicate(timeout=PATIENCE_S)
    return process.returncode, out, err


def modules_after(program: str) -> set[str]:
    """Return what a fresh interpreter has loaded after `program`."""
    shown = "import sys; print('\\n'.join(sys.modules))"
    done = subprocess.run(
        [sys.executable, "-c", f"{program}\n{shown}"], capture_output=True, text=True, check=True
    )
    return set(done.stdout.split())


def test_the_version_is_told_before_anything_is_loaded() -> None:
    loaded = modules_after(
        "import sys; sys.argv = ['tenuto', '--version']\n"
        "from tenuto.cli import main; assert main() == 0"
    )

    heavy = {"click", "rich", "msgspec", "asyncio", "tenuto.core", "tenuto.cli.app"}
    assert heavy & loaded == set()


def test_help_loads_no_verb_and_nothing_that_verbs_need() -> None:
    loaded = modules_after(
        "import sys; sys.argv = ['tenuto', '--help']\n"
        "from tenuto.cli import main; assert main() == 0"
    )

    heavy = {"rich", "msgspec", "asyncio", "tenuto.core", "tenuto.bootstrap", "tenuto.cli.verbs"}
    assert heavy & loaded == set()


def test_the_shell_completes_verbs_without_loading_them(shell: Shell) -> None:
    environment = shell.environment() | {
        "_TENUTO_COMPLETE": "bash_complete",
        "COMP_WORDS": "tenuto s",
        "COMP_CWORD": "1",
    }

    completed = subprocess.run(
        [sys.executable, "-X", "importtime", "-c", "from tenuto.cli import main; main()"],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    verbs = ["plain,serve", "plain,sessions", "plain,show", "plain,secrets", "plain,signal"]
    assert completed.stdout.split() == verbs
    assert "tenuto.cli.app" in completed.stderr
    assert "tenuto.cli.verbs" not in completed.stderr


@pytest.mark.slow
def test_the_installed_command_tells_its_version(shell: Shell) -> None:
    result = shell.apart("--version")

    assert result.code == 0
    assert result.out.startswith("tenuto ")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_with_130_and_says_how_to_go_on(
    shell: Shell, number: signal.Signals
) -> None:
    process = napping(shell)

    process.send_signal(number)
    code, out, err = ended(process)

    assert (code, out) == (130, "")
    assert f"Go on with: tenuto resume {shell.session()}\n" in err
    assert "Traceback" not in err
    assert shell("show", "last", "--json").json["status"] == "waiting"


@pytest.mark.slow
def test_a_second_interrupt_leaves_at_once_whatever_still_runs(shell: Shell) -> None:
    process = shell.spawn("run", f"{FLOWS}:blocking")
    assert process.stderr is not None
    wait_for(lambda: (shell.folder / "blocking").exists())

    process.send_signal(signal.SIGINT)
    patience = threading.Timer(PATIENCE_S, process.kill)
    patience.start()
    next(line for line in process.stderr if "Go on with" in line)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    patience.cancel()

    assert (code, out) == (130, "")
    assert "Traceback" not in err


@pytest.mark.slow
def test_what_a_killed_process_leaves_goes_on_with_resume(shell: Shell) -> None:
    process = shell.spawn("run", f"{FLOWS}:blinking")
    wait_for(lambda: shell.database.exists() and "TimerSet" in shell("events", "last").out)
    process.kill()
    process.communicate()

    resumed = shell("resume", "last")

    assert (resumed.code, resumed.out) == (0, '"awake"\n')


@pytest.mark.slow
def test_what_a_killed_process_leaves_in_sessions_below_goes_on_too(shell: Shell) -> None:
    process = shell.spawn("run", f"{FLOWS}:nested")
    wait_for(lambda: shell.database.exists() and "runs as session" in shell("events", "last").out)
    process.kill()
    process.communicate()

    resumed = shell("resume", "last")

    assert (resumed.code, resumed.out) == (0, '"awake"\n')


@pytest.mark.slow
def test_a_session_whose_process_was_killed_at_work_says_how_to_go_on(shell: Shell) -> None:
    process = shell.spawn("run", f"{FLOWS}:blocking")
    wait_for(lambda: (shell.folder / "blocking").exists())
    process.kill()
    process.communicate()

    shown = shell("show", "last").out

    assert shown.startswith("blocking 1  running\n")
    assert f"If no process works on it: tenuto resume {shell.session()}\n" in shown


@pytest.mark.slow
def test_a_database_at_work_can_be_looked_at_and_steered_from_elsewhere(shell: Shell) -> None:
    process = napping(shell)

    refused = shell.flow("hello", "-i", "name=Ada")
    shown = shell("show", "last")
    rebuilt = shell("read-models", "rebuild")
    resumed = shell("resume", "last")
    all_of_it = shell("resume")
    signalled = shell("signal", "last", "hint", "-d", "1")
    paused = shell("pause", "last", "--reason", "lunch")
    code, out, err = ended(process)

    assert refused.code == all_of_it.code == 2
    assert "is owned already" in refused.err and "--db" in refused.err
    assert rebuilt.code == 2
    assert f"owned already, by pid {process.pid} since" in rebuilt.err
    assert "POST /api/v1/read-models/rebuild" in rebuilt.err
    assert "goes on with what is unfinished by itself" in all_of_it.err
    assert shown.out.startswith("napping 1  waiting\n")
    assert resumed.code == signalled.code == paused.code == 0
    assert "in the process that works on the database" in resumed.err
    assert (code, out) == (3, "")
    assert "signal 'hint' by ann: 1\n" in err
    assert "waiting: paused: lunch" in err


@pytest.mark.slow
def test_a_session_that_is_cancelled_from_elsewhere_ends_its_run_with_130(shell: Shell) -> None:
    process = napping(shell)

    shell("cancel", "last", "--reason", "enough")
    code, _, err = ended(process)

    assert code == 130
    assert "cancelled: enough" in err


@pytest.mark.slow
def test_events_are_followed_while_another_process_makes_them(shell: Shell) -> None:
    process = napping(shell)
    follower = shell.spawn("events", "last", "--follow")

    shell("cancel", "last")
    code, out, _ = ended(follower)
    ended(process)

    kinds = [line.split()[2] for line in out.splitlines()]
    assert code == 0
    assert kinds[:2] == ["SessionStarted", "TaskStarted"]
    assert kinds[-2:] == ["SessionCancelled", "TaskCancelled"]


@pytest.mark.slow
def test_a_detached_session_works_on_its_own(shell: Shell) -> None:
    started = shell.apart("run", f"{FLOWS}:blinking", "--detach")

    session = started.out.strip()
    assert started.code == 0
    assert f"tenuto show {session}" in started.err
    wait_for(lambda: shell("show", session, "--json").json["status"] == "completed")
    wait_for(lambda: not is_running(started.err))


@pytest.mark.slow
def test_a_detached_session_that_cannot_start_says_why(shell: Shell) -> None:
    result = shell.apart("run", f"{FLOWS}:hello", "--detach")

    assert (result.code, result.out) == (2, "")
    assert "needs inputs that are missing" in result.err


@pytest.mark.slow
def test_a_reader_that_has_seen_enough_is_no_error(shell: Shell, tmp_path: Path) -> None:
    shell.flow("mapped", "-i", f"items={list(range(2_000))}")

    reading = subprocess.run(
        ["bash", "-c", f"{sys.executable} -m tenuto.cli events last --json | head -1"],
        cwd=tmp_path,
        env=shell.environment(),
        capture_output=True,
        text=True,
        timeout=PATIENCE_S,
        check=True,
    )

    assert reading.stdout.startswith('{"version":1,')
    assert reading.stderr == ""


def is_running(words: str) -> bool:
    """Return whether the process that a detached start names is still there."""
    number = int(words.partition("as process ")[2].partition(";")[0])
    try:
        os.kill(number, 0)
    except ProcessLookupError:
        return False
    return True
