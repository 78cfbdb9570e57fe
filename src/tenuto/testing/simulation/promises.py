"""The promises of DESIGN 3.2, held against what the witness has seen.

`Witness` itself checks each commit; here is what can only be said when nothing moves (P8), and what
can only be said at the end. `G1` and `G2` are the routing rules of DESIGN section 4: nothing of the
graph is left out, and joins wait for all of their sources. `M1` (`mail`), `A1` and `A2` (`border`)
and `R1` and `R2` are what agents are promised: messages arrive once, in order; labelled data is let
nowhere by nobody; who works for others may do no more than they may; what is remembered is kept
once, and recalled from itself or from one summary.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from tenuto.core.errors import CorruptLog
from tenuto.core.lifecycle import TERMINAL
from tenuto.core.memory.items import MemoryItem
from tenuto.core.session import events as e
from tenuto.core.session.state import SessionState, next_due
from tenuto.core.session.status import status_of
from tenuto.core.vocabulary import SessionId, TaskNo
from tenuto.core.workflow.program import Program
from tenuto.ports.event_store import Head
from tenuto.runtime.heads import head_of
from tenuto.runtime.loading import load_state
from tenuto.runtime.replaying import replay
from tenuto.runtime.task_memory import KEPT
from tenuto.testing.simulation.marks import labels_in
from tenuto.testing.simulation.people import People
from tenuto.testing.simulation.process import Process, Site
from tenuto.testing.simulation.witness import Seen, Witness, is_same, settled

CLOCK_NOTICED_S: Final = 310.0
"""How late a deadline may be noticed after somebody moved the clock: one sweep of them."""


def check_quiet(site: Site, process: Process) -> None:
    """Check P8 at a moment at which nothing will happen by itself for a while."""
    is_busy = bool(process.in_flight or process.model.asked)
    now_ms = site.clock.now_ms()
    knows_time = site.time.now_s - site.clock.moved_at_s > CLOCK_NOTICED_S
    for seen in site.witness.sessions.values():
        fault = _ended_fault(seen) if seen.state.phase in TERMINAL else None
        if seen.state.phase not in TERMINAL:
            fault = _open_fault(site.witness, seen, is_busy=is_busy)
            due_ms = next_due(seen.state)
            if fault is None and knows_time and due_ms is not None and due_ms < now_ms:
                fault = f"its deadline has passed by {now_ms - due_ms} ms"
        fault = fault or _head_fault(seen.head, seen.state)
        if fault is not None:
            site.witness.object_to("P8", f"Session {seen.head.session!r}: {fault}.")


def _ended_fault(seen: Seen) -> str | None:
    state = seen.state
    if state.tasks:
        return f"it is {state.phase} and has open tasks {sorted(state.tasks)}"
    if state.orphans:
        return f"it is {state.phase} and its children {sorted(state.orphans)} were not cancelled"
    if state.parent_effect is not None and not state.reported:
        return f"it is {state.phase} and its parent was not told"
    return None


def _open_fault(witness: Witness, seen: Seen, *, is_busy: bool) -> str | None:
    state = seen.state
    status, reason = status_of(state)
    if status in ("pending", "running") and not is_busy:
        open_tasks = [f"{task.no} {task.node} ({task.kind})" for task in state.tasks.values()]
        return f"it is {state.phase}, and nothing is under way; open: {open_tasks}"
    if status in ("waiting", "paused") and not reason:
        return f"it is {status} without a reason"
    if state.parent is not None and state.parent in witness.sessions:
        parent = witness.sessions[state.parent].state
        if parent.phase in TERMINAL:
            return f"it is {state.phase}, and its parent {state.parent!r} is {parent.phase}"
    for task in state.tasks.values():
        if task.child is not None and task.child in witness.sessions:
            child = witness.sessions[task.child].state
            if child.phase in TERMINAL:
                return f"task {task.no} waits for session {task.child!r}, which is {child.phase}"
        if task.kind == "wait" and state.phase == "running":
            name = witness.program(seen).nodes[task.node].node.signal
            if state.signals.get(name):
                return f"task {task.no} waits for signal {name!r}, which has come"
    return None


def _head_fault(head: Head, state: SessionState) -> str | None:
    """Lists, recovery and timers go by the head: it must say what the log says."""
    true = head_of(state)
    for field in ("status", "waiting_for", "waits_for", "wake_ms", "active"):
        told, is_so = getattr(head, field), getattr(true, field)
        if told != is_so:
            return f"its head says {field}={told!r} where its log says {is_so!r}"
    return None


def check_end(site: Site, process: Process, people: People) -> None:
    """Check what must hold when everything has come to rest."""
    witness = site.witness
    _check_acknowledged(site, people)
    _check_memory(site)
    recorded = [stored for stored, _ in witness.commits]
    if list(site.log.commits_after(0, limit=len(recorded) + 1)) != recorded:
        witness.object_to("P2", "The log does not hold what was once written to it.")
    for seen in witness.sessions.values():
        _check_replay(witness, seen)
        _check_reload(site, process, seen)
        if seen.state.phase == "completed":
            check_routing(witness, seen)
        if seen.state.phase == "failed":
            _check_compensation(witness, seen)


def check_follower(witness: Witness, process: Process, *, is_last: bool) -> None:
    """Check that a follower of the whole log saw each commit once, in order (P4)."""
    followed = process.followed
    if not followed:
        return
    recorded = [stored for stored, _ in witness.commits]
    first = recorded.index(followed[0])
    if followed != recorded[first : first + len(followed)]:
        witness.object_to("P4", f"A follower of process {process.number} saw the log wrongly.")
    elif is_last and followed[-1] != recorded[-1]:
        witness.object_to("P4", f"A follower saw nothing after position {followed[-1].position}.")


def _check_acknowledged(site: Site, people: People) -> None:
    witness = site.witness
    by_key: Counter[str] = Counter()
    for seen in witness.sessions.values():
        if seen.head.key is not None and seen.head.origin is None:
            by_key[seen.head.key] += 1
    for number in range(len(people.inputs)):
        session = people.started.get(number)
        if session is None or session not in witness.sessions:
            witness.object_to("P1", f"Start {number} was never taken, or is lost: {session!r}.")
    doubled = [key for key, count in by_key.items() if count > 1]
    if doubled:
        witness.object_to("P1", f"Keys {doubled} name several sessions.")
    for session, data in people.signalled:
        log = witness.sessions[session].log
        count = sum(isinstance(event, e.SignalReceived) and event.data == data for event in log)
        if count != 1:
            witness.object_to("P1", f"Signal {data!r} to {session!r} is recorded {count} times.")


def _check_memory(site: Site) -> None:
    """What an effect remembers is kept once, and what the log says was kept is there (R1)."""
    items = site.memory.everything()
    known = {item.id for item in items}
    count = Counter((item.source, item.kind) for item in items if not item.sums_up)
    for (source, kind), number in count.items():
        if number > 1:
            site.witness.object_to("R1", f"Work {source} has {number} {kind} items.")
    _check_summaries(site, items)
    for item in items:
        told = labels_in(item.text)
        if not set(told) <= set(item.labels):
            message = f"Item {item.id!r} tells what is {told}, and bears {item.labels}."
            site.witness.object_to("A1", message)
    for seen in site.witness.sessions.values():
        for event in seen.log:
            if not isinstance(event, e.Noted) or event.kind != KEPT:
                continue
            assert isinstance(event.data, dict), "such a note says which item"
            # What has a key may be forgotten again.
            if event.data["id"] not in known and not event.data["key"]:
                message = f"Item {event.data['id']!r} was kept, and is not there"
                site.witness.object_to("R1", f"{message}; session {seen.head.session!r}.")


def _check_summaries(site: Site, items: Sequence[MemoryItem]) -> None:
    """What is summed up is told by one summary, which bears its labels (R2)."""
    told = {(source, item.id): item for item in items for source in item.sums_up}
    known = {item.id: item for item in items}
    for item in items:
        heir = known.get(item.superseded_by)
        if item.superseded_by and not item.key and (item.id, item.superseded_by) not in told:
            message = f"Item {item.id!r} is summed up in {item.superseded_by!r}, which says nothing"
            site.witness.object_to("R2", f"{message} of it.")
        elif heir is not None and heir.sums_up and not set(item.labels) <= set(heir.labels):
            message = f"Item {item.id!r} bears {item.labels}, and its summary {heir.labels}."
            site.witness.object_to("A1", message)
    for (source, summary), _ in told.items():
        if source in known and known[source].superseded_by != summary:
            message = f"Item {source!r} is recalled beside its summary {summary!r}."
            site.witness.object_to("R2", message)


def _check_replay(witness: Witness, seen: Seen) -> None:
    divergence = replay(seen.log, witness.program(seen)).divergence
    if divergence is not None:
        witness.object_to(
            "P2",
            f"Session {seen.head.session!r} is decided differently at version "
            f"{divergence.version} ({divergence.reason}): recorded {divergence.recorded!r:.300}, "
            f"decided {divergence.decided!r:.300}.",
        )


def _check_reload(site: Site, process: Process, seen: Seen) -> None:
    """Snapshot and tail give what the whole log gives (P5)."""
    stored = site.log.load(seen.head.session, at=None)
    loading = load_state(process.store, process.engine.decoder, stored)
    try:
        # A long fold lets others have their turn; here are no others.
        while loading.send(None) is None:
            pass
    except StopIteration as done:
        state, _ = done.value
        if not is_same(state, seen.state):
            site.witness.object_to(
                "P5", f"Session {seen.head.session!r} is another one when it is loaded again."
            )
    except CorruptLog as error:
        site.witness.object_to("P5", f"Session {seen.head.session!r} cannot be loaded: {error}")
    else:
        raise AssertionError("a store in good weather answers at once")


def check_routing(witness: Witness, seen: Seen) -> None:
    """Check a completed session against the graph alone (G1, G2)."""
    program, session = witness.program(seen), seen.head.session
    nodes = _nodes_of(seen)
    outcomes = settled(seen.log)
    done = {nodes[no] for no in outcomes if no in nodes}
    missing = [node.id for node in program.definition.nodes if node.id not in done]
    if missing:
        witness.object_to("G1", f"Session {session!r} completed and left out {missing}.")
    _check_joins(witness, seen, program)
    if not program.cycles:
        _check_tokens(witness, seen, program)


def _nodes_of(seen: Seen) -> dict[TaskNo, str]:
    found: dict[TaskNo, str] = {}
    for event in seen.log:
        if isinstance(event, e.TaskStarted | e.TaskSkipped):
            found[event.task] = event.node
    return found


def _check_joins(witness: Witness, seen: Seen, program: Program) -> None:
    """A node behind a join starts for the n-th time only after each source ended n times."""
    nodes = _nodes_of(seen)
    joins = {
        target: join.sources
        for join in program.joins
        for target in join.targets
        if len(_edges_to(program, target)) == 1
        and all(program.nodes[name].loop < 0 for name in (target, *join.sources))
    }
    ended: Counter[str] = Counter()
    started: Counter[str] = Counter()
    for event in seen.log:
        if isinstance(event, e.TaskStarted | e.TaskSkipped):
            started[event.node] += 1
            early = [
                source
                for source in sorted(joins.get(event.node, ()))
                if ended[source] < started[event.node]
            ]
            if early:
                message = f"{event.node!r} of session {seen.head.session!r} did not wait for"
                witness.object_to("G2", f"{message} {early}.")
        if isinstance(event, e.TaskCompleted | e.TaskFailed | e.TaskSkipped):
            ended[nodes.get(event.task, "")] += 1


def _check_tokens(witness: Witness, seen: Seen, program: Program) -> None:
    """Without cycles, a node runs once for each live token that came to it, and only then."""
    nodes = _nodes_of(seen)
    outcomes = settled(seen.log)
    live: Counter[str] = Counter()
    count: Counter[str] = Counter()
    started: Counter[str] = Counter()
    for no, name in nodes.items():
        count[name] += 1
        live[name] += isinstance(outcomes.get(no), e.TaskCompleted)
    for event in seen.log:
        if isinstance(event, e.TaskStarted):
            started[event.node] += 1
    switched = {
        name for node in program.nodes.values() for name in _switch_targets(program, node.id)
    }
    for node in program.definition.nodes:
        name = node.id
        if name in switched or node.condition:
            continue
        expected = int(name in program.definition.entry)
        known = True
        for sources in _edges_to(program, name):
            if len(sources) == 1:
                expected += live[sources[0]]
            else:
                known = known and all(count[source] == 1 for source in sources)
                expected += any(live[source] for source in sources)
        if known and started[name] != expected:
            witness.object_to(
                "G1",
                f"Node {name!r} of session {seen.head.session!r} ran {started[name]} times; "
                f"its sources sent {expected} live tokens.",
            )


def _edges_to(program: Program, name: str) -> list[tuple[str, ...]]:
    edges = [edge.sources for edge in program.definition.edges if name in edge.targets]
    return edges + [
        (switch.source,)
        for switch in program.definition.switches
        if name in _switch_targets(program, switch.source)
    ]


def _switch_targets(program: Program, source: str) -> set[str]:
    found: set[str] = set()
    for switch in program.definition.switches:
        if switch.source == source:
            found.update(case.target for case in switch.cases)
            found.update({switch.default} if switch.default is not None else ())
    return found


def _check_compensation(witness: Witness, seen: Seen) -> None:
    """What was completed and can be undone is undone, youngest first."""
    done = [event.task for event in seen.log if isinstance(event, e.TaskCompleted) and event.undo]
    undone = [event.of for event in seen.log if isinstance(event, e.UndoStarted)]
    if undone != done[::-1]:
        message = f"Session {seen.head.session!r} failed, having done {done}, and undid {undone}."
        witness.object_to("C1", message)


def unfinished(witness: Witness) -> list[SessionId]:
    """Return the sessions that have not ended."""
    return [
        session for session, seen in witness.sessions.items() if seen.state.phase not in TERMINAL
    ]
