"""A person's word reaches a session: approve, deny, signal, pause, cancel, resume, fork."""

import re

import pytest

from tests.cli.shell import Shell


def test_an_approval_lets_the_session_go_on_and_is_on_record(shell: Shell) -> None:
    shell.flow("gated")

    approved = shell("approve", "last", "--note", "checked", "-d", '{"limit": 5}')
    resumed = shell("resume", "last")

    assert approved.code == 0
    assert approved.err.startswith(f"approved: {shell.session()}\n")
    assert (resumed.code, resumed.json) == (
        0,
        {"approved": True, "by": "ann", "note": "checked", "data": {"limit": 5}},
    )


def test_a_denial_is_an_answer_too(shell: Shell) -> None:
    shell.flow("gated")

    denied = shell("deny", "last", "--task", "1", "--note", "too dear", "--by", "bob")

    output = shell("resume", "last").json
    assert denied.code == 0
    assert output == {"approved": False, "by": "bob", "note": "too dear"}


def test_work_that_needs_help_is_tried_again_when_approved_and_fails_when_denied(
    shell: Shell,
) -> None:
    shell.flow("asking")

    again = shell("approve", "last")
    shell("resume", "last")
    denied = shell("deny", "last")
    failed = shell("resume", "last")

    assert (again.code, denied.code, failed.code) == (0, 0, 1)
    assert "which account?" in failed.err


def test_a_signal_with_data_is_taken(shell: Shell) -> None:
    shell.flow("waiting")

    signalled = shell("signal", "last", "reply", "-d", '{"text": "yes"}')

    assert signalled.code == 0
    assert shell("resume", "last").json == {"text": "yes"}


def test_a_signal_that_nobody_waits_for_is_kept_and_what_waits_is_told(shell: Shell) -> None:
    shell.flow("waiting")

    result = shell("signal", "last", "other")

    assert result.code == 0
    assert "waiting: 'mail' wants signal 'reply'" in result.err


def test_a_cancelled_session_ends_with_130_and_its_reason(shell: Shell) -> None:
    shell.flow("gated")

    cancelled = shell("cancel", "last", "--reason", "not needed")
    resumed = shell("resume", "last")

    assert cancelled.code == 0
    assert cancelled.err == f"cancelled: {shell.session()}\nit has cancelled\n"
    assert resumed.code == 130
    assert "cancelled: not needed\n" in resumed.err


def test_a_paused_session_is_taken_up_again_by_name_only(shell: Shell) -> None:
    shell.flow("gated")

    paused = shell("pause", "last", "--reason", "lunch")
    everything = shell("resume")
    named = shell("resume", "last")

    assert "waiting: paused: lunch (for whoever resumes it)" in paused.err
    assert everything.code == 3
    assert everything.err == (
        "1 waits for somebody: tenuto sessions --status waiting --status paused\n"
        "nothing is left to go on with\n"
    )
    assert named.code == 3
    assert "'Pay 12 euro?' is to be approved" in named.err


def test_resuming_an_ended_session_prints_its_outcome_again(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")
    shell.flow("failing")

    failed = shell("resume", "last")
    hello = shell("sessions", "--workflow", "hello", "--json").json_lines[0]["session"]

    again = shell("resume", str(hello))

    assert failed.code == 1
    assert (again.code, again.out) == (0, '"Hello, Ada!"\n')


def test_a_spent_budget_is_told_with_the_command_that_adds_to_it(shell: Shell) -> None:
    file = shell.write(
        "circle.yaml",
        "workflow: circle\n"
        "state: {n: {reducer: add, initial: 0}}\n"
        "limits: {steps: 3}\n"
        "graph:\n"
        '  nodes: {a: {condition: "true", updates: {n: "1"}}, b: {condition: "true"}}\n'
        "  edges: [{from: a, to: b}]\n"
        "  conditional_edges:\n"
        "    - from: b\n"
        '      conditions: [{if: "state.n < 3", then: a}]\n'
        "  entry: a\n"
        'output: "state.n"\n',
    )

    spent = shell("run", file)
    resumed = shell("resume", "last", "--steps", "100")

    assert spent.code == 3
    assert f"  tenuto resume {shell.session()} --steps 10000\n" in spent.err
    assert (resumed.code, resumed.out) == (0, "3\n")
    assert "resumed with 100 more steps by ann\n" in resumed.err


def test_everything_unfinished_goes_on_together(shell: Shell) -> None:
    shell.flow("gated")
    shell.flow("blinking")
    origin = shell.session()
    forks = [shell("fork", origin, "--at", "3").out.strip() for _ in range(2)]

    result = shell("resume")

    heads = {head["session"]: head["status"] for head in shell("sessions", "--json").json_lines}
    assert result.code == 3
    assert result.err.startswith("1 waits for somebody: ")
    assert "going on with 2 sessions\n" in result.err
    assert [heads[fork] for fork in forks] == ["completed", "completed"]
    for fork in forks:
        assert re.search(rf"^{fork}  blinking  completed after \d+m?s$", result.err, re.M)


def test_the_only_unfinished_session_is_shown_in_full(shell: Shell) -> None:
    shell.flow("blinking")
    fork = shell("fork", "last", "--at", "3").out.strip()

    result = shell("resume")

    assert (result.code, result.out) == (0, '"awake"\n')
    assert result.err.startswith(f"session {fork}  blinking 1\n")


def test_resuming_an_empty_database_finds_nothing_to_do(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")

    result = shell("resume")

    assert (result.code, result.out) == (0, "")
    assert result.err == "nothing is left to go on with\n"


def test_steps_are_for_one_session(shell: Shell) -> None:
    result = shell("resume", "--steps", "5")

    assert result.code == 2
    assert "What is added to a budget is for one session: name it." in result.err


def version_of(shell: Shell, kind: str) -> str:
    events = shell("events", "last", "--json").json_lines
    return str(next(event["version"] for event in events if event["type"] == kind))


def test_a_fork_goes_on_from_an_earlier_version_with_another_state(shell: Shell) -> None:
    shell.flow("counting", "-i", "n=3")
    origin, version = shell.session(), version_of(shell, "TaskCompleted")

    forked = shell("fork", origin, "--at", version, "--set", "total=100", "--run")

    told = shell("show", "last", "--json").json
    assert (forked.code, forked.out) == (0, "103\n")
    assert forked.err.splitlines()[0] == f"session {shell.session()}  forked from {origin}"
    assert f'forked from {origin} at version {version}, with {{"total":100}}' in forked.err
    assert "number is done" not in forked.err
    assert told["origin"] == {"session": origin, "version": int(version)}


def test_a_fork_without_run_is_left_to_resume(shell: Shell) -> None:
    shell.flow("gated")
    origin = shell.session()

    forked = shell("fork", "last")

    new = forked.out.strip()
    assert (forked.code, forked.err) == (0, f"Go on with it: tenuto resume {new}\n")
    assert new != origin
    assert shell("resume", new).code == 3


@pytest.mark.parametrize(
    ("options", "code", "message"),
    [
        (["--set", "total"], 2, "--set 'total' is no patch; write KEY=JSON"),
        (["--set", "total=x"], 2, "--set total is no JSON"),
        (["--set", "totl=1"], 2, "The workflow has no state key 'totl'; it has: total."),
        (["--at", "999"], 4, "No version "),
        (["--at", "0"], 2, "Invalid value for '--at'"),
    ],
)
def test_a_fork_that_cannot_be_says_why(
    shell: Shell, options: list[str], code: int, message: str
) -> None:
    shell.flow("counting", "-i", "n=3")
    if "--at" not in options:
        options = [*options, "--at", "2"]

    result = shell("fork", "last", *options)

    assert (result.code, result.out) == (code, "")
    assert message in result.err


def test_a_word_to_an_ended_session_is_refused(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")

    for verb in (["approve"], ["deny"], ["pause"], ["cancel"], ["signal"]):
        name = ["x"] if verb == ["signal"] else []
        result = shell(*verb, "last", *name)
        assert result.code == 2
        assert re.match(r"tenuto: Session 'ses_\w+' has ended \(completed\)", result.err)
