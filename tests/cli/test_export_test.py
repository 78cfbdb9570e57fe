"""`tenuto export-test`: a session that has ended becomes a test."""

import subprocess
import sys

from tests.cli.shell import ROOT, Shell


def test_a_session_becomes_a_test_that_passes(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")

    result = shell("export-test", "last", "-o", str(shell.folder / "tests"))

    (test,) = (shell.folder / "tests").glob("test_hello_*.py")
    assert result.code == 0
    assert result.err.startswith("0 answers and 0 results of ses_")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(test)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        cwd=ROOT,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_files_that_are_there_are_kept_unless_forced(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")
    folder = str(shell.folder / "tests")
    shell("export-test", "last", "-o", folder)

    again = shell("export-test", "last", "-o", folder)
    forced = shell("export-test", "last", "-o", folder, "--force")

    assert again.code == 2
    assert "is there already; replace it with --force" in again.err
    assert forced.code == 0


def test_a_session_that_waits_is_refused(shell: Shell) -> None:
    shell.flow("gated")

    result = shell("export-test", "last", "-o", str(shell.folder / "tests"))

    assert result.code == 2
    assert "cannot be recorded as a test: it is running" in result.err
    assert not (shell.folder / "tests").exists()


def test_a_folder_that_cannot_be_made_says_so(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")
    (shell.folder / "taken").write_text("")

    result = shell("export-test", "last", "-o", str(shell.folder / "taken"))

    assert result.code == 2
    assert "cannot be written to" in result.err
