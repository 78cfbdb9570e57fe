"""docs/cli.md tells of every command and every option, of no others, and what it shows works."""

import re
import subprocess
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tenuto.cli.app import VERBS, tenuto
from tests.cli.shell import ROOT, Shell
from tests.docs.test_documents import environment, steps_of

PAGE = ROOT / "docs" / "cli.md"
TEXT = PAGE.read_text("utf-8")
NAMES = [name for verbs in VERBS.values() for name in verbs]


def sections() -> dict[str, str]:
    """Return what the page says of each command."""
    parts = re.split(r"^## tenuto ([\w-]+)$", TEXT, flags=re.M)[1:]
    return {name: text.split("\n# ")[0] for name, text in zip(parts[::2], parts[1::2], strict=True)}


def commands() -> Iterator[tuple[str, click.Command]]:
    context = click.Context(tenuto)
    for name in NAMES:
        command = tenuto.get_command(context, name)
        assert command is not None
        yield name, command


def options_of(command: click.Command) -> set[str]:
    if isinstance(command, click.Group):
        return {option for verb in command.commands.values() for option in options_of(verb)}
    return {
        text
        for parameter in command.params
        if isinstance(parameter, click.Option) and not parameter.hidden
        for text in parameter.opts
    }


def test_every_command_is_documented_and_every_documented_one_exists() -> None:
    assert list(sections()) == NAMES


def test_the_commands_stand_below_the_headings_that_help_has() -> None:
    headings = re.findall(r"^# (\w+)$", TEXT, flags=re.M)

    assert headings == ["Commands", *VERBS]


def test_every_command_is_shown_at_work() -> None:
    lines = [argument for kind, argument in steps_of(PAGE) if kind.startswith("console")]

    silent = [name for name in NAMES if not any(f"tenuto {name}" in line for line in lines)]

    assert silent == []


def test_every_option_is_documented_with_its_command_or_for_all() -> None:
    introduction = TEXT.split("\n## ")[0]
    missing = [
        f"{name} {option}"
        for name, command in commands()
        for option in sorted(options_of(command))
        if f"`{option}" not in sections()[name] and f"`{option}" not in introduction
    ]

    assert missing == []


def test_no_option_is_documented_that_the_command_does_not_have() -> None:
    known = {name: options_of(command) for name, command in commands()}
    unknown = [
        f"{name} {option}"
        for name, text in sections().items()
        for option in re.findall(r"(?<=`)(--?[a-z][\w-]*)", text)
        if option not in known[name]
    ]

    assert unknown == []


def test_every_exit_code_is_documented() -> None:
    from tenuto.cli import exit_codes

    codes = {value for name, value in vars(exit_codes).items() if name.isupper()}

    assert {int(code) for code in re.findall(r"^\| (\d+) \|", TEXT, flags=re.M)} == codes


def test_help_says_of_each_command_what_the_command_says_of_itself(shell: Shell) -> None:
    listed = shell("--help").out

    for name, command in commands():
        assert f"{name} " in listed
        assert command.help, f"tenuto {name} --help says nothing"
        assert command.callback is not None
        assert "\b" in command.help, f"tenuto {name} --help shows no example"


@pytest.mark.slow
def test_everything_that_the_page_shows_works(tmp_path: Path) -> None:
    for kind, text in steps_of(PAGE):
        what, _, argument = kind.partition(" ")
        if what == "file":
            (tmp_path / argument).write_text(text, "utf-8")
            continue
        done = subprocess.run(
            ["bash", "-c", text],
            cwd=tmp_path,
            env=environment(tmp_path),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert done.returncode == int(argument), f"{text}\n{done.stdout}\n{done.stderr}"
        assert "Traceback" not in done.stderr
