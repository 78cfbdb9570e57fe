"""The examples run as their README says, and so does the demo."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent


def run(*command: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {
        **os.environ,
        "TENUTO_DB": f"sqlite:///{folder / 'examples.db'}",
        "COLUMNS": "100",
    }
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False, timeout=60
    )


@pytest.mark.parametrize(
    ("script", "printed"),
    [
        ("examples/hello.py", "Hello, Ada!"),
        ("examples/fan_out.py", "{'total': {'words': 6, 'letters': 20}}"),
        ("examples/patterns/pipeline.py", "First fog, then sun."),
        (
            "examples/patterns/parallel.py",
            "{'law': 'fine', 'style': 'too long', 'facts': 'one is wrong'}",
        ),
        (
            "examples/patterns/router.py",
            "{'refunds': {'text': 'Paid back.'}, 'questions': None}",
        ),
        ("examples/patterns/orchestrator.py", "The north is colder."),
        ("examples/patterns/evaluator.py", "A poem about fog."),
        ("examples/patterns/messages.py", "Fog is a grey coat."),
        ("examples/patterns/team.py", "One cup is on its way to Ada."),
    ],
)
def test_a_python_example_prints_what_it_computes(
    script: str, printed: str, tmp_path: Path
) -> None:
    done = run(sys.executable, "-W", "error", script, folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == printed


def test_the_support_desk_waits_for_a_person_and_goes_on_when_one_decides(tmp_path: Path) -> None:
    tenuto = (sys.executable, "-m", "tenuto.cli")

    asked = run(
        *tenuto, "run", "examples/triage.yaml", "-i", "text=My parcel is broken", folder=tmp_path
    )
    assert asked.returncode == 3, asked.stderr
    approved = run(*tenuto, "approve", "last", folder=tmp_path)
    assert approved.returncode == 0, approved.stderr
    done = run(*tenuto, "resume", "last", "--quiet", folder=tmp_path)

    assert done.returncode == 0, done.stderr
    assert '"settled": true' in done.stdout


def test_the_demo_kills_a_run_in_the_middle_and_ends_with_its_report() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/demo.py"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert done.returncode == 0, done.stderr
    assert "The process is gone (kill -9)" in done.stdout
    assert re.search(r"\d+ claims checked: \d+ supported, 0 contradicted", done.stdout)
