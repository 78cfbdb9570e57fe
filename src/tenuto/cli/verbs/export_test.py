"""`tenuto export-test`: a recorded session as a test that anybody can run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Final

import click
import msgspec

import tenuto
from tenuto.cli import exit_codes
from tenuto.cli.driving import drive
from tenuto.cli.finding import find_session
from tenuto.cli.options import db_option, session_argument
from tenuto.cli.printing import say
from tenuto.core.errors import Rejected
from tenuto.testing.cassette import Cassette, record

_TEST: Final = '''\
"""What session {session} of workflow {workflow!r} did, held against what it would do now."""

import asyncio
from pathlib import Path

from tenuto.testing import load_cassette, play

CASSETTE = load_cassette(Path(__file__).with_name({cassette!r}))


def test_{name}() -> None:
    transcript = asyncio.run(play(CASSETTE, replay={replay!r}))

    CASSETTE.assert_like(transcript)
'''


class Options(msgspec.Struct, kw_only=True):
    """What was asked for."""

    session: str
    output: str
    replay: str
    force: bool
    db: str | None


@click.command()
@session_argument()
@click.option(
    "-o", "--output", metavar="FOLDER", default=".", help="Write there. [default: this folder]"
)
@click.option(
    "--replay",
    type=click.Choice(["model", "tools", "both"]),
    default="both",
    show_default=True,
    help="What the test takes from the recording; the rest is asked for real.",
)
@click.option("--force", is_flag=True, help="Replace files that are there.")
@db_option
def command(**options: Any) -> int:
    """Make a test of session ID, which has ended: a pytest file, and a cassette beside it.

    The cassette holds what models, tools and people said, as JSON to be read and edited. The test
    runs the recorded workflow again with those answers, and fails when it ends otherwise:

    \b
    tenuto export-test last -o tests
    pytest tests
    """
    return drive(_export(Options(**options)))


async def _export(asked: Options) -> int:
    async with tenuto.open(asked.db, readonly=True) as runtime:
        session = runtime.session(await find_session(runtime, asked.session))
        cassette = await record(runtime, session)
    folder = Path(asked.output)
    word = re.sub(r"\W+", "_", cassette.workflow.lower()).strip("_") or "session"
    name = f"{word}_{session.id[-6:].lower()}"
    test, tape = folder / f"test_{name}.py", folder / f"{name}.cassette.json"
    if not asked.force:
        for path in (test, tape):
            if path.exists():
                raise Rejected(f"{str(path)!r} is there already; replace it with --force.")
    _write(folder, test, tape, cassette)
    text = _TEST.format(
        session=session.id,
        workflow=cassette.workflow,
        cassette=tape.name,
        name=name,
        replay=asked.replay,
    )
    test.write_text(text, encoding="utf-8")
    say(
        f"{len(cassette.models)} answers and {len(cassette.tools)} results of {session.id} are in "
        f"{tape}; run them with: pytest {test}"
    )
    return exit_codes.COMPLETED


def _write(folder: Path, test: Path, tape: Path, cassette: Cassette) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        test.touch()
        cassette.save(tape)
    except OSError as error:
        raise Rejected(f"{str(folder)!r} cannot be written to: {error.strerror}.") from None
