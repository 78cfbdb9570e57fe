"""Where tokens go when a task has finished: edges, joins, switches, skipped branches, cycles.

A task that completes passes live tokens on; one that is skipped passes skip tokens on.

- *Merges.* A node with several incoming edges runs for each live token. It is skipped only when
  all its
  forward edges of one wave have brought skip tokens: one live branch is enough to keep it alive.
  `waves[node] = (arrived, live)` counts the wave; only a node with `forward_in > 1` has an entry.
- *Joins.* `joins[index][source] = live` until all sources have arrived; then the join fires once,
  live if any arrival was, and starts anew. A live arrival is not undone by a skip that follows it.
- *Cycles.* A skip token ends at a back edge, or it would go round for ever. It is not sent over an
  exit edge (one that leaves the cycle) either: the exit may yet be taken. `cycles[index]` lists
  the exits taken since the cycle was entered; when no task in it is open any more, the exits never
  taken send their skip tokens, so that a join behind the loop neither fires early nor hangs.
  Source: DESIGN section 4.
"""

from tenuto.core.session import events as e
from tenuto.core.session.scope import scope_now, truth
from tenuto.core.session.state import Finished, SessionState
from tenuto.core.vocabulary import TaskNo
from tenuto.core.workflow.program import CompiledNode, Join, Program


class Router:
    """Collects what one finished task sets off. Reads the state, changes nothing but itself."""

    def __init__(self, state: SessionState, program: Program, at_ms: int) -> None:
        self.state, self.program, self.at_ms = state, program, at_ms
        self.next_task = state.next_task
        self.joins: dict[str, dict[str, bool] | None] = {}
        self.waves: dict[str, tuple[int, int] | None] = {}
        self.cycles: dict[str, tuple[str, ...] | None] = {}
        self.activations: list[tuple[str, bool]] = []
        """Nodes to start (True) or to skip (False), in order."""

    def pass_tokens(self, finished: Finished) -> None:
        """Pass the tokens of a finished task along its node's edges.

        Raises:
            ExpressionFailed: the condition of a switch fails.
        """
        node = self.program.nodes[finished.node]
        live = not finished.skipped
        if node.loop >= 0 and str(node.loop) not in self.state.cycles:
            self.cycles[str(node.loop)] = ()
        for target in node.targets:
            self._send(node, target, live=live)
        for join in node.joins:
            self._arrive(node, join, live=live)
        scope = scope_now(self.state) if live and node.switches else {}
        for switch in node.switches:
            taken: str | None = None
            if live:
                taken = switch.default
                for condition, target in switch.cases:
                    if truth(condition, scope):
                        taken = target
                        break
            targets = [target for _, target in switch.cases]
            if switch.default is not None:
                targets.append(switch.default)
            for target in dict.fromkeys(targets):
                self._send(node, target, live=target == taken)

    def enter(self) -> None:
        """Pass the first tokens of a session to the entry nodes."""
        for name in self.program.definition.entry:
            self._count_and_activate(self.program.nodes[name], live=True, inside=False)

    def rest(self, index: int) -> None:
        """Send the skip tokens of a cycle that has come to rest over the exits never taken."""
        taken = self.state.cycles[str(index)]
        self.cycles[str(index)] = None
        for source, target in self.program.cycles[index].exits:
            if f"{source}>{target}" in taken:
                continue
            if target.startswith(">"):
                join = self.program.joins[int(target[1:])]
                self._mark_arrival(source, join, live=False)
            else:
                self._count_and_activate(self.program.nodes[target], live=False, inside=False)

    def _send(self, source: CompiledNode, target: str, *, live: bool) -> None:
        node = self.program.nodes[target]
        if (source.id, target) in self.program.back_edges:
            if live:
                self.activations.append((target, True))
            return
        if source.loop >= 0 and node.loop != source.loop:
            if not live:
                return
            self._take_exit(source, target)
        inside = source.loop >= 0 and source.loop == node.loop
        self._count_and_activate(node, live=live, inside=inside)

    def _count_and_activate(self, node: CompiledNode, *, live: bool, inside: bool) -> None:
        """`inside`: the token comes by an edge from within the node's own cycle."""
        if node.inner_edges and not inside:
            # Into the middle of a cycle: not one of the edges that its waves count.
            if live:
                self.activations.append((node.id, True))
            return
        if node.forward_in > 1:
            now = self.waves.get(node.id) or self.state.waves.get(node.id) or (0, 0)
            if node.id in self.waves and self.waves[node.id] is None:
                now = (0, 0)
            arrived, lived = now[0] + 1, now[1] + live
            full = arrived >= node.forward_in
            self.waves[node.id] = None if full else (arrived, lived)
            if not live and not (full and lived == 0):
                return
        self.activations.append((node.id, live))

    def _arrive(self, source: CompiledNode, join: Join, *, live: bool) -> None:
        for target in join.targets:
            if not live and (source.id, target) in self.program.back_edges:
                return
        leaves = source.loop >= 0 and all(
            self.program.nodes[target].loop != source.loop for target in join.targets
        )
        if leaves:
            if not live:
                return
            self._take_exit(source, f">{join.index}")
        self._mark_arrival(source.id, join, live=live)

    def _mark_arrival(self, source: str, join: Join, *, live: bool) -> None:
        name = str(join.index)
        known = self.joins[name] if name in self.joins else self.state.joins.get(name)
        arrivals = dict(known or {})
        arrivals[source] = arrivals.get(source, False) or live
        if len(arrivals) < len(join.sources):
            self.joins[name] = arrivals
            return
        self.joins[name] = None
        alive = any(arrivals.values())
        for target in join.targets:
            node = self.program.nodes[target]
            if all((source, target) in self.program.back_edges for source in join.sources):
                if alive:
                    self.activations.append((target, True))
                continue
            inside = node.loop >= 0 and all(
                self.program.nodes[source].loop == node.loop for source in join.sources
            )
            self._count_and_activate(node, live=alive, inside=inside)

    def _take_exit(self, source: CompiledNode, target: str) -> None:
        name = str(source.loop)
        taken = self.cycles.get(name) or self.state.cycles.get(name) or ()
        key = f"{source.id}>{target}"
        if key not in taken:
            self.cycles[name] = (*taken, key)

    def exceeds_steps(self) -> bool:
        """Return whether the nodes to start are more than the session may still start."""
        starts = sum(live for _, live in self.activations)
        return starts > 0 and self.state.steps + starts > self.state.steps_max

    def changed(self) -> bool:
        """Return whether waiting tokens changed, beyond what the activations show."""
        return bool(self.joins or self.waves or self.cycles)

    def routed(self, after: TaskNo) -> e.Routed:
        """Return the event that records the waiting tokens."""
        return e.Routed(
            at_ms=self.at_ms,
            after=after,
            joins=dict(sorted(self.joins.items())),
            waves=dict(sorted(self.waves.items())),
            cycles=dict(sorted(self.cycles.items())),
        )


def resting_cycle(state: SessionState, program: Program) -> int | None:
    """Return a cycle that was entered and in which nothing is open any more, or None."""
    if not state.cycles:
        return None
    busy = {program.nodes[task.node].loop for task in state.tasks.values() if not task.parent}
    for name in sorted(state.cycles):
        index = int(name)
        if index not in busy:
            return index
    return None
