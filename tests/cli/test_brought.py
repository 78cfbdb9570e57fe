"""Verbs that packages bring stand beside those of Tenuto."""

from click.testing import CliRunner

from tenuto.cli.app import brought, tenuto


def test_a_team_has_verbs_under_its_name() -> None:
    assert "migration" in brought()

    answer = CliRunner().invoke(tenuto, ["migration", "--help"])

    assert answer.exit_code == 0
    assert {"plan", "run", "watch", "quarantine", "replay", "patterns", "diff"} <= {
        line.split()[0] for line in answer.output.splitlines() if line.startswith("  ")
    }


def test_help_tells_which_verbs_were_brought() -> None:
    answer = CliRunner().invoke(tenuto, ["--help"])

    assert "Teams:" in answer.output and "migration" in answer.output


def test_a_verb_that_is_nearly_one_that_was_brought_is_meant() -> None:
    answer = CliRunner().invoke(tenuto, ["migraton"])

    assert answer.exit_code == 2
    assert "Did you mean 'migration'?" in answer.output
