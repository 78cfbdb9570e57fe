"""What tests need from the system is brought where that is possible, and named where it is not."""

import subprocess
import sys
from pathlib import Path

SCRIPT = Path(__file__).parents[3] / "scripts" / "services.py"


def ran(path: Path) -> subprocess.CompletedProcess[str]:
    """Run the script where no program is found but those in the folder `path`."""
    return subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={"PATH": str(path)},
        capture_output=True,
        text=True,
        check=False,
    )


def program(path: Path, name: str, script: str) -> None:
    (path / name).write_text(f"#!/bin/sh\n{script}\n")
    (path / name).chmod(0o755)


def test_where_nothing_can_be_installed_it_says_what_is_skipped(tmp_path: Path) -> None:
    done = ran(tmp_path)

    assert (done.returncode, done.stderr) == (0, "")
    assert "bwrap is not installed, so tests that need it will be skipped" in done.stdout


def test_what_cannot_be_installed_is_no_failure(tmp_path: Path) -> None:
    program(tmp_path, "apt-get", "exit 100")

    assert ran(tmp_path).returncode == 0


def test_where_all_is_there_it_is_silent(tmp_path: Path) -> None:
    for name in ("bwrap", "chromium"):
        program(tmp_path, name, "exit 0")
    program(tmp_path, "apt-get", f'echo called >"{tmp_path}/called"')

    done = ran(tmp_path)

    assert (done.returncode, done.stdout) == (0, "")
    assert not (tmp_path / "called").exists()
