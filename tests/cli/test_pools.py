"""Options that say which pools are served, and the list of pools."""

import pytest

from tests.cli.shell import Shell


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("worker", "--only-pools"), "--only-pools leaves nothing to do; name pools with --pool."),
        (("worker", "--only-pools", "--no-pools"), "--only-pools leaves nothing to do"),
        (("worker", "--pool", "gpu", "--no-pools"), "--pool says which pools are served"),
        (("worker", "--pool", "a b"), "serves has 'a b', which is no name of a pool"),
        (("worker", "--pools", "nowhere.json"), "No file of pools 'nowhere.json' was found."),
    ],
)
def test_options_that_make_no_sense_are_refused(
    shell: Shell, arguments: tuple[str, ...], told: str
) -> None:
    done = shell(*arguments)

    assert done.code == 2
    assert told in done.err


def test_the_pools_of_a_file_are_its_processs_own(shell: Shell) -> None:
    shell("run", "tests.cli.flows:pooled", "--quiet")

    assert "No pools are kept here." in shell("pools").out
    assert shell("pools", "--json").out == ""


def test_what_a_file_says_of_pools_holds(shell: Shell) -> None:
    (shell.folder / "pools.json").write_text('{"elsewhere": {"concurrency": 1}}')

    alone = shell("run", "tests.cli.flows:pooled_elsewhere", "--quiet")
    declared = shell("run", "tests.cli.flows:pooled_elsewhere", "--quiet", "--pools", "pools.json")

    assert (alone.code, declared.code) == (2, 0)
    assert "Nobody has declared the pool 'elsewhere'; there are: none." in alone.err
    assert "--pools FILE" in alone.err
