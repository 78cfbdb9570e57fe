"""The tree in the terminal: what it shows of each state, and how it keeps to its lines."""

import io
import os
import pty
import re
import select
import subprocess
import sys

import pytest
from rich.console import Console

from tenuto import StoredEvent
from tenuto.cli.progress.live import LiveView, frame_of, used_text
from tenuto.cli.progress.outline import ALL, counted, lines_in, outline
from tenuto.core.session import inputs as i
from tenuto.core.vocabulary import Position, SessionId, TaskNo
from tenuto.views.timeline import Spent, Timeline
from tests.cli.shell import FLOWS, Shell
from tests.views.logs import WRITER, Log, drafted, flow, function, mapped, node


def timeline_of(log: Log) -> Timeline:
    timeline = Timeline(log.definition)
    for version, event in log.events:
        timeline.add(version, event)
    return timeline


def screen(log: Log, *, lines_max: int = 40, width: int = 80) -> list[str]:
    """Return what a terminal of that size shows now, without colours and blanks at the right."""
    console = Console(file=io.StringIO(), width=width, record=True)
    console.print(frame_of(timeline_of(log), now_ms=log.now_ms, lines_max=lines_max, width=width))
    return [line.rstrip() for line in console.export_text().splitlines()]


def fetched(count: int, *, done: int = 0, failed: int = 0) -> Log:
    fetch = mapped("fetch", "inputs.urls", concurrency=8, on_item_failure="collect")
    log = Log(flow(fetch), {"urls": list(range(count))})
    for n in range(done + failed):
        if n < failed:
            log.fail(TaskNo(2 + n), "fatal", "no such page")
        else:
            log.complete(TaskNo(2 + n), "text")
    return log


def test_tasks_stand_in_a_tree_with_their_times_at_the_right() -> None:
    log = Log(
        flow(
            function("fetch"),
            function("check"),
            function("skip", condition="outputs.fetch == 1"),
            edges=[("fetch", "check"), ("fetch", "skip")],
        )
    )
    log.later(250).complete("fetch", 2)
    log.later(1_800)

    assert screen(log, width=39) == [
        "flow 1  running                    2.0s",
        "├─ ✓ fetch                        250ms",
        "├─ ⠴ check                         1.8s",
        "└─ ○ skip",
    ]


def test_an_agent_at_work_shows_its_turns_and_calls_and_a_settled_one_sums_them_up() -> None:
    log = Log(flow(node("draft", "agent", ref="writer"), agents=(WRITER,)))
    log.later(200).answer("", ("look", {"at": "the sea"}))

    assert screen(log, width=59) == [
        "flow 1  running                                       200ms",
        "└─ ⠹ draft  writer · 1 turn                           200ms",
        "   ├─ ✓ turn 1  wants look                            200ms",
        '   └─ ⠹ look(at="the sea")                              0ms',
        "1 turn · 0 calls · 100 + 10 tokens · $0.5000",
    ]
    assert screen(drafted(), width=59) == [
        "flow 1  completed                                     335ms",
        "└─ ✓ draft  writer · 2 turns · 2 calls                335ms",
        "2 turns · 2 calls · 200 + 20 tokens · $1.0000",
    ]


def test_a_map_is_a_bar_with_its_failures_and_its_open_items_below() -> None:
    log = fetched(40, done=18, failed=2)

    lines = screen(log)

    assert lines[1].startswith("└─ ⠋ fetch  ━━━━━━━━━━━━━━━━━━━━━━━━ 20/40  2 failed")
    assert [line.split()[1:3] for line in lines[2:]] == [
        ["✗", "fetch[0]"],
        ["✗", "fetch[1]"],
        *(["⠋", f"fetch[{n}]"] for n in range(20, 28)),
    ]
    assert "no such page" in lines[2]


def test_the_bar_is_as_green_as_work_is_done_and_shows_the_first_failure() -> None:
    def bar(log: Log) -> str:
        console = Console(file=io.StringIO(), width=80, record=True, force_terminal=True)
        console.print(frame_of(timeline_of(log), now_ms=log.now_ms, lines_max=9, width=80))
        row = console.export_text(styles=True).splitlines()[1]
        return "".join(
            {"32": "g", "31": "r", "90": "."}[colour] * len(run)
            for colour, run in re.findall(r"\x1b\[(\d+)m(━+)", row)
        )

    assert bar(fetched(24)) == "." * 24
    assert bar(fetched(24, done=12)) == "g" * 12 + "." * 12
    assert bar(fetched(1_000, done=500, failed=1)) == "g" * 12 + "r" + "." * 11
    assert bar(fetched(24, done=23, failed=1)) == "g" * 23 + "r"
    assert bar(fetched(0)) == ""


def test_where_there_is_little_room_the_bar_gives_way_to_the_numbers() -> None:
    lines = screen(fetched(40, done=20), width=40)

    assert lines[1].startswith("└─ ⠋ fetch  ━━━━━━━━ 20/40")


def test_waits_and_failures_say_why_and_until_when() -> None:
    log = Log(
        flow(
            function("start"),
            node("gate", "approval", title="Pay?", timeout_ms=7_200_000),
            function("fetch"),
            edges=[("start", "gate"), ("start", "fetch")],
        )
    )
    log.complete("start")
    log.fail("fetch", message="connection reset")

    gate, fetch = screen(log, width=90)[2:]
    log.later(500).wake()
    again = screen(log, width=90)[3]
    log.fail("fetch", "fatal", "no such page")
    failed = screen(log, width=90)

    assert gate.startswith("├─ ◷ gate  waits for a decision: Pay? (2h00m left)")
    assert fetch.startswith("└─ ◷ fetch  waits for the next attempt: connection reset (500ms left)")
    assert again.endswith("attempt 2  500ms")
    assert failed[0].startswith("flow 1  failed")
    assert failed[2].startswith("├─ ⊘ gate")
    assert failed[3].startswith("└─ ✗ fetch  no such page")


def test_a_waiting_session_a_paused_one_and_its_reason_stand_in_the_header() -> None:
    gated = Log(flow(node("gate", "approval")))
    paused = Log(flow(function("fetch")))
    paused.give(i.PauseSession(at_ms=paused.now_ms, by="ann", reason="lunch"))
    paused.complete("fetch")

    assert screen(gated)[0].startswith("flow 1  waiting")
    assert screen(paused)[0].startswith("flow 1  paused  lunch")


def test_a_child_session_and_a_loop_say_how_far_they_are() -> None:
    body = {"id": "poll.do", "kind": "function", "ref": "shop:ask"}
    loop = Log(flow(node("poll", "loop", body=body, max_iterations=9)))
    loop.complete("poll.do")
    child = timeline_of(loop)
    child.rows[TaskNo(1)].items = None
    child.rows[TaskNo(1)].child = SessionId("s2")

    assert screen(loop)[1].startswith("└─ ⠋ poll  1 time")
    assert screen(loop)[2].startswith("   └─ ⠋ poll #2")
    assert lines_in(child, ALL, now_ms=0)[0].detail == "session s2"


@pytest.mark.parametrize("lines_max", [0, 1, 2, 3, 5, 8, 13, 21, 34])
def test_the_tree_never_has_more_lines_than_there_is_room_for(lines_max: int) -> None:
    cycle = Log(
        flow(
            node("draft", "agent", ref="writer"),
            function("check"),
            edges=[("draft", "check"), ("check", "draft")],
            agents=(WRITER,),
        )
    )
    for _ in range(30):
        cycle.answer("a draft")
        cycle.complete("check")
    cycle.answer("", *(("look", {"at": str(n)}) for n in range(9)))

    for log in (cycle, fetched(400, done=100, failed=50), drafted()):
        lines = outline(timeline_of(log), now_ms=log.now_ms, lines_max=lines_max)
        assert len(lines) <= lines_max


def test_what_does_not_fit_is_counted() -> None:
    cycle = Log(flow(function("a"), function("b"), edges=[("a", "b"), ("b", "a")]))
    for _ in range(30):
        cycle.complete("a")
        cycle.complete("b")

    lines = [line.label for line in outline(timeline_of(cycle), now_ms=0, lines_max=20)]
    items = [line.label for line in outline(timeline_of(fetched(40)), now_ms=0, lines_max=8)]

    assert lines == ["… 45 earlier", *["b", "a"] * 7, "b", "a"]
    assert items == ["fetch", "fetch[0]", "fetch[1]", "fetch[2]", "fetch[3]", "… 4 more at work"]


def test_everything_that_is_kept_can_be_shown() -> None:
    lines = lines_in(timeline_of(drafted()), ALL, now_ms=0)

    assert [line.label for line in lines] == [
        "draft",
        "turn 1",
        'look(at="the sea")',
        'count(what="ships")',
        "turn 2",
    ]


def test_what_was_used_is_told_as_far_as_it_is_known() -> None:
    assert used_text(Spent()) == ""
    assert used_text(Spent(turns=1)) == "1 turn · 0 calls"
    assert used_text(Spent(turns=1_200, calls=1, input_tokens=5, usd=0.25)) == (
        "1,200 turns · 1 call · 5 + 0 tokens · $0.2500"
    )
    assert counted(1, "turn") == "1 turn"


def test_the_view_draws_with_ticks_and_leaves_the_last_frame() -> None:
    log = drafted()
    file = io.StringIO()
    console = Console(file=file, width=60, height=12, force_terminal=True, color_system=None)
    view = LiveView(log.definition, console=console)

    view.tick()
    before = file.getvalue()
    for version, event in log.events:
        view.add(
            StoredEvent(
                position=Position(version), session=SessionId("s1"), version=version, event=event
            )
        )
    view.tick()
    view.close()
    view.tick()
    view.close()

    shown = file.getvalue()
    assert before == ""
    assert shown.count("✓ draft  writer · 2 turns · 2 calls") >= 2
    assert shown.rstrip().endswith("\x1b[?25h")


@pytest.mark.slow
def test_in_a_terminal_the_tree_is_drawn_and_a_report_is_rendered(shell: Shell) -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tenuto.cli", "run", f"{FLOWS}:reporting"],
        cwd=shell.folder,
        env=shell.environment() | {"TERM": "xterm-256color", "COLUMNS": "60", "LINES": "20"},
        stdin=subprocess.DEVNULL,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)

    seen = everything_from(ours)

    assert process.wait(timeout=20) == 0
    text = re.sub(r"\x1b\[[\d;?]*[A-Za-z]", "", seen)
    assert "└─ ✓ report" in text
    assert "reporting 1  completed" in text
    assert "It is there." in text
    assert "\x1b[1mthere\x1b[0m" in seen
    assert "completed in" not in text


def everything_from(terminal: int) -> str:
    """Return all that is written to a terminal until its last writer has gone."""
    seen = b""
    while select.select([terminal], [], [], 20)[0]:
        try:
            piece = os.read(terminal, 65_536)
        except OSError:
            break
        if not piece:
            break
        seen += piece
    os.close(terminal)
    return seen.decode()
