"""The fixtures for pytest, in a project of its own."""

import subprocess
import sys
from pathlib import Path

PROJECT = {
    "conftest.py": 'pytest_plugins = ["tenuto.testing.fixtures"]\n',
    "test_it.py": (
        "import pytest\n"
        "def test_a_script_is_to_be_used_up(mock_llm):\n"
        "    mock_llm.add('never asked for')\n"
        "def test_a_cassette_is_looked_for_beside_the_test(cassette):\n"
        "    with pytest.raises(Exception, match='here/none.json'):\n"
        "        cassette('none.json')\n"
    ),
}


def test_they_are_given_by_a_plugin(tmp_path: Path) -> None:
    folder = tmp_path / "here"
    folder.mkdir()
    for name, text in PROJECT.items():
        (folder / name).write_text(text)

    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(folder)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )

    assert "1 answers were never asked for: 'never asked for'" in done.stdout
    assert "2 passed, 1 error" in done.stdout
