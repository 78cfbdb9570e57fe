"""`tenuto run`: progress to stderr, the output to stdout, an exit code that says how it went."""

import re

import pytest

from tests.adapters.offline.conversation import LIGHTHOUSES
from tests.cli.shell import FLOWS, Shell


def test_the_output_is_json_on_stdout_and_progress_goes_to_stderr(shell: Shell) -> None:
    result = shell.flow("hello", "-i", "name=Ada")

    assert (result.code, result.out) == (0, '"Hello, Ada!"\n')
    lines = re.sub(r"\d+ms", "0ms", result.err).splitlines()
    assert lines == [
        f"session {shell.session()}  hello 1",
        "greet starts (function)",
        'greet is done in 0ms: {"text":"Hello, Ada!"}',
        "completed in 0ms",
    ]


def test_a_report_is_printed_as_it_is_where_no_terminal_shows_it(shell: Shell) -> None:
    result = shell.flow("reporting")

    assert (result.code, result.out) == (0, "# Found\n\nIt is **there**.\n")


def test_quiet_shows_the_session_and_the_output_only(shell: Shell) -> None:
    result = shell.flow("hello", "-i", "name=Ada", "--quiet")

    assert result.err == f"session {shell.session()}  hello 1\n"
    assert result.out == '"Hello, Ada!"\n'


def test_json_gives_the_events_and_the_outcome_as_the_last_line(shell: Shell) -> None:
    result = shell.flow("counting", "-i", "n=3", "--json")

    *events, outcome = result.json_lines
    assert [event["version"] for event in events] == list(range(1, len(events) + 1))
    assert [event["type"] for event in events][:2] == ["SessionStarted", "TaskStarted"]
    assert outcome == {
        "type": "Outcome",
        "session": shell.session(),
        "workflow": "counting",
        "status": "completed",
        "version": len(events),
        "output": 6,
        "failure": None,
        "waits": [],
        "exit_code": 0,
    }


def test_a_failed_session_ends_with_1_and_its_reason(shell: Shell) -> None:
    result = shell.flow("failing")

    assert (result.code, result.out) == (1, "")
    assert re.search(r"^failed in \d+ms \(no_page\): there is no such page$", result.err, re.M)
    assert f"tenuto show {shell.session()}" in result.err


def test_a_session_that_waits_for_a_person_ends_with_3_and_says_how_to_decide(shell: Shell) -> None:
    result = shell.flow("gated")

    session = shell.session()
    assert (result.code, result.out) == (3, "")
    assert re.search(
        r"^waiting: 'Pay 12 euro\?' is to be approved or denied "
        r"\(for ann, until [-\d]+T[\d:.]+Z, then it counts as denied\)$",
        result.err,
        re.M,
    )
    assert f"  tenuto approve {session}\n  tenuto deny {session}\n" in result.err


def test_a_session_that_waits_for_a_signal_or_for_help_ends_with_3(shell: Shell) -> None:
    waiting = shell.flow("waiting")
    asking = shell.flow("asking")

    assert (waiting.code, asking.code) == (3, 3)
    assert "'mail' wants signal 'reply' (for whoever sends signal 'reply')" in waiting.err
    assert "'pay' cannot go on by itself: which account?" in asking.err


def test_a_timer_and_a_retry_are_waited_for(shell: Shell) -> None:
    blinking = shell.flow("blinking")
    faltering = shell.flow("faltering")

    assert (blinking.code, blinking.out) == (0, '"awake"\n')
    assert (faltering.code, faltering.out) == (0, '"through"\n')
    assert "call, attempt 1: the line was busy (again at " in faltering.err
    assert "call, attempt 2\n" in faltering.err


def test_a_child_session_that_goes_on_is_waited_for_and_one_that_cannot_is_not(
    shell: Shell,
) -> None:
    nested = shell.flow("nested")
    stuck = shell.flow("stuck")

    assert (nested.code, nested.out) == (0, '"awake"\n')
    assert stuck.code == 3
    assert "'inner' runs as a session of its own (for session ses_" in stuck.err


def test_items_of_a_short_map_are_told_one_by_one(shell: Shell) -> None:
    result = shell.flow("mapped", "-i", "items=[1, 13]")

    assert result.code == 0
    assert "double has 2 items\n" in result.err
    assert re.search(r"^double\[0\] is done in \d+ms: 2$", result.err, re.M)
    assert "double[1] failed (unlucky): 13 cannot be doubled" in result.err


def test_a_long_map_is_told_in_tenths_and_by_its_failures(shell: Shell) -> None:
    items = str(list(range(100)))

    result = shell.flow("mapped", "-i", f"items={items}")

    lines = result.err.splitlines()
    told = [line for line in lines if line.startswith("double: ")]
    assert told[:2] == ["double: 10 of 100 items", "double: 20 of 100 items, 1 failed"]
    assert told[-1] == "double: 100 of 100 items, 1 failed"
    assert len(told) == 10
    assert [line for line in lines if line.startswith("double[")] == [
        "double[13] failed (unlucky): 13 cannot be doubled; the work goes on without it"
    ]


def test_notes_and_answers_are_told(shell: Shell) -> None:
    counting = shell.flow("counting", "-i", "n=3")
    talking = shell.flow("talking", "-i", "text=fog")

    assert 'number notes measurement: {"n":3}\n' in counting.err
    assert "say / turn 1 is done in " in talking.err
    assert "asks its model" not in talking.err


def test_a_second_run_with_the_same_key_joins_the_first(shell: Shell) -> None:
    first = shell.flow("counting", "--key", "order-17", "-i", "n=1")
    second = shell.flow("counting", "--key", "order-17", "-i", "n=5")

    assert (first.out, second.out) == ("2\n", "2\n")
    assert len(shell("sessions", "--json").json_lines) == 1


def test_the_model_of_all_agents_can_be_another_one(shell: Shell) -> None:
    file = shell.write(
        "flow.yaml",
        "workflow: w\n"
        "agents: {one: {model: offline, instructions: Talk.}}\n"
        "graph:\n  nodes: {a: {agent: one}}\n  entry: a\n",
    )

    from_python = shell.flow("talking", "-i", "text=fog", "--model", "nobody:large")
    from_yaml = shell("run", file, "--model", "nobody:large")

    for result in (from_python, from_yaml):
        assert result.code == 3
        assert "Model 'nobody:large' cannot be asked: Unknown model" in result.err


def test_a_database_can_be_named_before_and_after_the_verb(shell: Shell) -> None:
    shell("--db", "sqlite:///one.db", "run", f"{FLOWS}:hello", "-i", "name=Ada")
    shell.flow("hello", "-i", "name=Bob", "--db", "sqlite:///two.db")

    one = shell("sessions", "--json", "--db", "sqlite:///one.db").json_lines
    two = shell("--db", "sqlite:///two.db", "sessions", "--json").json_lines

    assert (len(one), len(two)) == (1, 1)
    assert one[0]["session"] != two[0]["session"]
    assert not shell.database.exists()


def test_a_session_that_waits_shows_the_report_that_it_is_asked_about(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(shell.folder / "collections"))
    given = ("-i", "question=How tall is Gannet Head?", "-i", f"documents={LIGHTHOUSES}")

    waiting = shell("run", "research", *given, "-i", "refine=true", "-q")
    shell("signal", "last", "feedback", "-d", '"shorter"')
    again = shell("resume", "last", "-q")
    shell("signal", "last", "feedback", "-d", '"done"')
    ended = shell("resume", "last", "-q")

    assert (waiting.code, again.code, ended.code) == (3, 3, 0)
    assert waiting.out.startswith("# How tall is Gannet Head?\n")
    assert "2. After “shorter”: " in again.out
    assert ended.out == again.out
