"""Who may call what (A1, A2), judged anew at the moment at which a tool runs.

A1: data that bears a mark reaches a tool with a permission, which is not safe, only where a rule
names its label or a person has agreed. A2: what an agent calls is allowed to it and to every agent
that it works for. The labels are those of the marks in the arguments, whoever the runtime thinks
the data is from.
"""

from collections.abc import Iterator, Sequence

from tenuto.core.agent.lineage import PERMISSION
from tenuto.core.agent.policy import PermissionRule, Verdict, Wish, judge
from tenuto.core.session import events as e
from tenuto.core.vocabulary import TaskNo
from tenuto.core.workflow.program import Program
from tenuto.testing.simulation.cast import Cast


class Consents:
    """What people have agreed to in one session."""

    def __init__(self) -> None:
        self._asked: dict[TaskNo, str] = {}
        self._given: dict[TaskNo, list[str]] = {}

    def take(self, event: e.SessionEvent) -> None:
        """Take in the next event of the log."""
        match event:
            case e.TaskEscalated():
                self._asked[event.task] = event.ask.kind if event.ask is not None else ""
            case e.ApprovalDecided(approved=True):
                if self._asked.get(event.task, "").partition(":")[0] == PERMISSION:
                    self._given.setdefault(event.task, []).append(event.by)
            case e.TaskRetried() if event.inputs is not None:
                # Who agreed to other arguments has not agreed to these; who changed them has.
                self._given[event.task] = self._given.get(event.task, [])[-1:]

    def are_enough(self, task: TaskNo, rule: PermissionRule | None) -> bool:
        """Return whether so many have agreed to a call as the rule wants, of those that it
        names."""
        given = self._given.get(task, [])
        if rule is None or not (rule.assignees or rule.quorum > 1):
            return bool(given)
        named = {by for by in given if not rule.assignees or by in rule.assignees}
        return len(named) >= rule.quorum


def faults_of_call(
    task: TaskNo, wish: Wish, *, cast: Cast, consents: Consents, program: Program
) -> Iterator[tuple[str, str]]:
    """Yield each promise that a call breaks as it runs, and how."""
    own: Sequence[PermissionRule] = program.agents[wish.agent].policy if wish.agent else ()
    verdict = judge(own, wish)
    if not _is_let(verdict, task, consents):
        yield "A1", f"{_told(task, wish)}: {verdict.reason}"
    if not wish.agent:
        return
    for above, called in cast.callers(cast.parents[task], program):
        for rules in (above.policy, above.narrowed.get(called, ())):
            if not rules:
                continue
            verdict = judge(rules, wish)
            if not _is_let(verdict, task, consents):
                why = f"{verdict.reason} (by the rules of {above.name!r})"
                yield "A2", f"{_told(task, wish)}: {why}"


def _is_let(verdict: Verdict, task: TaskNo, consents: Consents) -> bool:
    if verdict.effect == "ask":
        return consents.are_enough(task, verdict.rule)
    return verdict.effect == "allow"


def _told(task: TaskNo, wish: Wish) -> str:
    who = f"agent {wish.agent!r}" if wish.agent else "a node"
    return f"task {task} of {who} calls {wish.tool!r} with {wish.arguments!r:.80}"
