"""`sessions`, `show`, `events`, `trace`, `replay`, `agents`: the same session from every side."""

import re

import msgspec
import pytest

from tenuto.cli.verbs.replay import tell_report
from tenuto.core.session import events as e
from tenuto.core.vocabulary import SessionId, TaskNo, Version
from tenuto.runtime.replaying import Divergence, ReplayReport
from tests.adapters.offline.conversation import LIGHTHOUSES
from tests.cli.shell import FLOWS, Shell


def test_sessions_are_listed_newest_first_with_what_they_wait_for(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")
    shell.flow("gated")

    result = shell("sessions")

    header, gated, hello = result.out.splitlines()
    assert result.code == 0
    assert header.split() == ["SESSION", "WORKFLOW", "STATUS", "EVENTS", "STARTED"]
    assert re.match(r"ses_\w+  gated 1   waiting    2  +\d+m?s ago  +a decision on 'gate'", gated)
    assert re.match(r"ses_\w+  hello 1   completed  \d+ ", hello)


def test_sessions_can_be_picked_and_counted(shell: Shell) -> None:
    for name in ("Ada", "Bob", "Cyd"):
        shell.flow("hello", "-i", f"name={name}")
    shell.flow("gated")
    shell.flow("nested")
    parent = shell.session()

    waiting = shell("sessions", "--status", "waiting", "--json").json_lines
    hello = shell("sessions", "--workflow", "hello", "-n", "2", "--json").json_lines
    children = shell("sessions", "--parent", parent, "--json").json_lines

    assert [head["workflow"] for head in waiting] == ["gated"]
    assert [head["workflow"] for head in hello] == ["hello", "hello"]
    assert [head["workflow"] for head in children] == ["blinking"]
    assert shell("sessions", "--workflow", "nobody").err == "no session like that\n"
    assert shell("sessions", "-n", "2").err == "the newest 2; -n shows more\n"


def test_a_session_as_json_has_moments_that_programs_read(shell: Shell) -> None:
    shell.flow("gated")

    (head,) = shell("sessions", "--json").json_lines

    assert head["status"] == "waiting"
    for name in ("started", "updated", "wake"):
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", str(head[name]))


def test_show_tells_tasks_cost_state_and_output(shell: Shell) -> None:
    shell.flow("talking", "-i", "text=fog")
    talking = shell("show", "last")
    shell.flow("counting", "-i", "n=3")

    counting = shell("show", "last")

    assert talking.code == counting.code == 0
    assert talking.out.startswith("talking 1  completed\n  session  ses_")
    assert re.search(r"^  └─ ✓ say  speaker · 1 turn +\d+ms$", talking.out, re.M)
    assert re.search(r"^     └─ ✓ turn 1 ", talking.out, re.M)
    assert re.search(r"^  speaker  1      1      0 ", talking.out, re.M)
    assert re.search(r"^  ├─ ✓ number +\d+ms$", counting.out, re.M)
    assert "\nstate\n  total  6\n" in counting.out
    assert counting.out.endswith("\noutput\n  6\n")
    assert "\nagents\n" not in counting.out


def test_show_counts_what_agents_of_sessions_below_have_spent(
    shell: Shell, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TENUTO_COLLECTIONS", str(shell.folder / "collections"))
    question = "question=How tall is Gannet Head?"
    shell("run", "research", "-i", question, "-i", f"documents={LIGHTHOUSES}", "-q")

    shown = shell("show", "last")
    agents = shell("show", "last", "--json").json["agents"]

    assert re.search(r"^  validator +[1-9]", shown.out, re.M)
    assert set(agents) >= {"planner", "researcher", "validator", "synthesizer"}


def test_show_names_what_a_session_waits_for(shell: Shell) -> None:
    shell.flow("gated")

    result = shell("show", "last")

    assert result.out.startswith("gated 1  waiting\n")
    assert re.search(
        r"\nwaits\n  ◷ 'Pay 12 euro\?' is to be approved or denied\n"
        r"    for ann, since \d+m?s, until \S+, then it counts as denied\n"
        rf"    tenuto approve {shell.session()}\n",
        result.out,
    )


def test_show_as_json_has_everything_whole(shell: Shell) -> None:
    shell.flow("failing")

    told = shell("show", "last", "--json").json

    assert (told["status"], told["phase"]) == ("failed", "failed")
    assert told["failure"] == {
        "kind": "fatal",
        "code": "no_page",
        "message": "there is no such page",
    }
    (task,) = told["tasks"]
    assert (task["node"], task["state"], task["attempts"]) == ("fetch", "failed", 1)


def test_show_at_a_version_is_the_session_as_it_was(shell: Shell) -> None:
    shell.flow("counting", "-i", "n=3")
    done = next(
        event["version"]
        for event in shell("events", "last", "--json").json_lines
        if event["type"] == "TaskCompleted"
    )

    then = shell("show", "last", "--at", str(done), "--json").json
    page = shell("show", "last", "--at", str(done))

    assert (then["version"], then["state"], then["output"]) == (done, {"total": 3}, None)
    assert [task["node"] for task in then["tasks"]] == ["number"]
    assert page.out.startswith("counting 1  running\n")
    assert "tenuto resume" not in page.out


def test_show_messages_reads_as_a_conversation(shell: Shell) -> None:
    shell.flow("talking", "-i", "text=fog")
    shell("events", "last")

    result = shell("show", "last", "--messages")
    (asked, answered) = shell("show", "last", "--messages", "--json").json_lines

    assert result.out.splitlines()[:2] == ["    1  asked", "       text: fog"]
    assert "  speaker say, turn 1" in result.out
    assert (asked["type"], answered["type"]) == ("asked", "answered")
    assert answered["agent"] == "speaker"


def test_notes_signals_and_decisions_are_messages(shell: Shell) -> None:
    shell.flow("counting", "-i", "n=3")
    notes = shell("show", "last", "--messages").out
    shell.flow("gated")
    shell("signal", "last", "hint", "-d", '["one", "two"]')
    shell("deny", "last", "--note", "too dear")

    talk = shell("show", "last", "--messages").out

    assert "    measurement number\n       n: 3\n" in notes
    assert "signal hint by ann\n       - one\n       - two\n" in talk
    assert "denied gate by ann\n       too dear\n" in talk


def test_events_are_numbered_dated_named_and_told(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")

    lines = shell("events", "last").out.splitlines()

    assert re.fullmatch(
        r"     1  \S+Z  SessionStarted        hello 1 begins: \{\"name\":\"Ada\"\}", lines[0]
    )
    assert re.fullmatch(r"     2  \S+Z  TaskStarted           greet starts \(function\)", lines[1])


def test_events_after_a_version_still_know_the_names_of_their_tasks(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")

    told = shell("events", "last", "--after", "2", "--json").json_lines
    none = shell("events", "last", "--after", "999")

    assert (told[0]["version"], told[0]["type"], told[0]["path"]) == (3, "TaskCompleted", "greet")
    assert (none.code, none.out) == (0, "")


def test_following_an_ended_session_ends(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")

    followed = shell("events", "last", "--follow")

    assert followed.out == shell("events", "last").out


def test_a_trace_goes_to_stdout_or_to_a_file(shell: Shell) -> None:
    shell.flow("talking", "-i", "text=fog")

    printed = shell("trace", "last").json
    written = shell("trace", "last", "-o", "trace.json")

    (resource,) = printed["resourceSpans"]
    (scope,) = resource["scopeSpans"]
    assert [span["name"] for span in scope["spans"]] == [
        "chat offline",
        "invoke_agent speaker",
        "session talking",
    ]
    assert msgspec.json.decode((shell.folder / "trace.json").read_bytes()) == printed
    assert written.err == f"3 spans of {shell.session()} are in trace.json\n"


def test_a_trace_that_cannot_be_written_says_so(shell: Shell) -> None:
    shell.flow("hello", "-i", "name=Ada")

    result = shell("trace", "last", "-o", "nowhere/trace.json")

    assert (result.code, result.out) == (2, "")
    assert result.err == (
        "tenuto: 'nowhere/trace.json' cannot be written: No such file or directory.\n"
    )


def test_a_recorded_session_is_decided_again_as_it_was(shell: Shell) -> None:
    shell.flow("counting", "-i", "n=3")
    events = len(shell("events", "last", "--json").json_lines)

    words = shell("replay", "last")
    report = shell("replay", "last", "--json")

    assert words.code == 0
    assert words.out == f"{shell.session()}: all {events} events are decided again as they were\n"
    assert report.json == {"session": shell.session(), "events": events, "divergence": None}


def test_the_first_difference_of_a_replay_is_told_with_both_sides(
    capsys: pytest.CaptureFixture[str],
) -> None:
    completed = e.TaskCompleted(at_ms=7, task=TaskNo(1), output=3, updates=None, undo=False)
    divergence = Divergence(
        version=Version(4), recorded=completed, decided=None, reason="after CompleteTask"
    )
    report = ReplayReport(events=3, divergence=divergence)

    tell_report(SessionId("s1"), report, as_json=False)
    words = capsys.readouterr().out
    tell_report(SessionId("s1"), report, as_json=True)
    told = msgspec.json.decode(capsys.readouterr().out)

    first, recorded, decided = words.splitlines()
    assert first == "s1: diverges at version 4 (after CompleteTask)"
    assert recorded.startswith('  recorded: {"at":"1970-01-01T00:00:00.007Z","type":"TaskCompl')
    assert decided == "  decided:  nothing"
    assert told["divergence"]["version"] == 4
    assert told["divergence"]["recorded"]["output"] == 3
    assert told["divergence"]["decided"] is None


def test_agents_of_teams_and_workflows_are_listed(shell: Shell) -> None:
    teams = shell("agents")
    flow = shell("agents", f"{FLOWS}:talking", "--json").json_lines

    assert teams.code == 0
    assert re.search(r"^research 2$", teams.out, re.M)
    assert re.search(r"^  researcher  offline$", teams.out, re.M)
    assert "    tools: search, read\n" in teams.out
    assert [(agent["workflow"], agent["agent"]) for agent in flow] == [("talking", "speaker")]
    assert shell("agents", f"{FLOWS}:hello").err == "  it has no agents\n"


def test_the_talk_of_a_session_is_drawn_as_a_sequence_diagram(shell: Shell) -> None:
    shell.flow("talking", "-i", "text=fog")

    result = shell("show", "last", "--mermaid")

    assert result.code == 0
    assert result.out.startswith("sequenceDiagram\n    actor p0 as user\n")
    assert "->>" in result.out
