"""Labels of data, as they flow: what a task has seen marks all that it gives.

Part of the fold. A task bears the labels of the inputs of its session, of every path that it keeps
(`captures`), of the task above it and, as they end, of all tasks below it. What it gives bears its
labels and those that its tool says of all its results. Rather too many than too few: nothing takes
a label off again but a new value from a task without it.
Source: information-flow control by floating labels (HiStar, 2006; CaMeL, arXiv:2503.18813).
"""

from collections.abc import Iterable

from tenuto.core.agent.messages import ModelAnswer
from tenuto.core.session.state import SessionState, Task
from tenuto.core.vocabulary import Json, JsonObject

Labels = tuple[str, ...]


def joined(*parts: Iterable[str]) -> Labels:
    """Return all labels of the parts, each once, in order of the alphabet."""
    found: set[str] = set()
    for part in parts:
        found.update(part)
    return tuple(sorted(found))


def labels_of_new(state: SessionState, parent: Task | None, captures: tuple[str, ...]) -> Labels:
    """Return the labels that new tasks below `parent` bear: those of what they get."""
    above = parent.labels if parent is not None else ()
    if not (state.labels_seen or above):
        return ()
    known = (state.labelled.get(path, ()) for path in captures)
    return joined(state.input_labels, above, *known)


def mark_whole(state: SessionState, task: Task) -> None:
    """Give a task all labels of the session: nobody keeps track of what it gets."""
    task.labels = state.labels_seen


def mark_ended(state: SessionState, task: Task, labels: Labels) -> None:
    """Take note of the labels that a task has ended with, for what is above it."""
    if labels:
        task.labels = joined(task.labels, labels)
        state.labels_seen = joined(state.labels_seen, labels)
    parent = state.tasks.get(task.parent)
    if parent is not None and task.labels:
        parent.labels = joined(parent.labels, task.labels)


def mark_recalled(state: SessionState, agent: Task, answer: ModelAnswer) -> None:
    """Give an agent's task the labels of what the agent remembered for it."""
    labels = joined(*(one.labels for one in answer.recalled))
    if labels:
        agent.labels = joined(agent.labels, labels)
        state.labels_seen = joined(state.labels_seen, labels)


def mark_output(state: SessionState, task: Task) -> None:
    """Say which labels the output of a node bears."""
    _set(state, f"outputs.{task.node}", task.labels)


def mark_state(state: SessionState, task: Task, output: Json, updates: JsonObject | None) -> None:
    """Say which labels the keys bear that a task has changed."""
    if not state.labels_seen:
        return
    values = output if updates is None else updates
    for name in values if isinstance(values, dict) else ():
        key = state.keys.get(name)
        if key is not None:
            path = f"state.{name}"
            kept = () if key.reducer == "replace" else state.labelled.get(path, ())
            _set(state, path, joined(kept, task.labels))


def _set(state: SessionState, path: str, labels: Labels) -> None:
    if labels:
        state.labelled[path] = labels
    else:
        state.labelled.pop(path, None)
