"""Ways to break what agents are promised on purpose: budgets, messages, permissions, memory."""

from contextlib import AbstractContextManager
from typing import Any, Final

from msgspec import structs

from tenuto.core.session import effects, labelling, mailbox, spending, tending
from tenuto.runtime import learning, summing
from tenuto.runtime.task_memory import TaskMemory
from tests.simulation.planted import Bug, both, replaced


def turns_set_nothing_aside() -> AbstractContextManager[None]:
    """A turn is promised as if no other one were under way."""
    shares = spending.shares

    def careless(state: Any, parent: Any, kind: str, **more: Any) -> Any:
        return None if kind == "model" else shares(state, parent, kind, **more)

    return replaced(spending, "shares", careless)


def each_child_gets_all_that_is_left() -> AbstractContextManager[None]:
    """Child sessions that start together do not share what is left: each may spend it."""
    share_of = spending.share_of

    def generous(left: Any, parts: int) -> Any:
        return share_of(left, 1)

    return replaced(spending, "share_of", generous)


def spending_of_children_is_lost() -> AbstractContextManager[None]:
    """What a child session has spent is not spent in its parent."""
    settle = spending.settle

    def forgetful(state: Any, task: Any, spent: Any) -> None:
        before = state.spent
        settle(state, task, spent)
        state.spent = before

    return replaced(spending, "settle", forgetful)


def usage_is_not_counted() -> AbstractContextManager[None]:
    """A turn costs nothing."""
    return replaced(spending, "add_usage", lambda state, usage: None)


def message_stays_unread() -> AbstractContextManager[None]:
    """A message that was shown is shown to the next task of the same agent too."""
    return replaced(mailbox, "_taken", lambda state, no, name: state.unread[no])


def only_the_last_message_is_shown() -> AbstractContextManager[None]:
    """Of several messages an agent is shown the newest only."""
    unread_by = mailbox.unread_by

    def hasty(state: Any, task: Any, name: str) -> tuple[int, ...]:
        return unread_by(state, task, name)[-1:]

    return replaced(tending, "unread_by", hasty)


def messages_come_in_reverse() -> AbstractContextManager[None]:
    """Of several messages the newest is shown first."""
    unread_by = mailbox.unread_by

    def upside_down(state: Any, task: Any, name: str) -> tuple[int, ...]:
        return unread_by(state, task, name)[::-1]

    return replaced(tending, "unread_by", upside_down)


def messages_bear_no_labels() -> AbstractContextManager[None]:
    """Who reads what an agent writes takes over nothing of what that one has seen."""
    keep = mailbox.keep

    def clean(state: Any, task: Any, output: Any) -> None:
        before, task.labels = task.labels, ()
        keep(state, task, output)
        task.labels = before

    return both(
        replaced(mailbox, "keep", clean),
        replaced(mailbox, "joined", lambda labels, more: labels),
    )


def labels_stay_below() -> AbstractContextManager[None]:
    """What a task has seen is not known to what is above it."""
    mark_ended = labelling.mark_ended

    def alone(state: Any, task: Any, labels: Any) -> None:
        parent, task.parent = task.parent, 0
        mark_ended(state, task, labels)
        task.parent = parent

    return replaced(labelling, "mark_ended", alone)


def labels_of_memories_are_lost() -> AbstractContextManager[None]:
    """What an agent remembers bears no labels."""
    return replaced(labelling, "mark_recalled", lambda state, agent, answer: None)


def rules_above_are_forgotten() -> AbstractContextManager[None]:
    """A sub-agent may do what those that it works for may not."""
    return replaced(effects, "lineage_of", lambda state, task, program: ())


def memory_is_kept_once_more() -> AbstractContextManager[None]:
    """An attempt that is repeated keeps its memory under another id."""
    item, remembered = learning._Lesson.item, TaskMemory._item

    def lesson(self: Any, kind: Any, text: str) -> Any:
        made = item(self, kind, text)
        return structs.replace(made, id=f"{made.id}@{made.created_ms}")

    def fact(self: Any, *arguments: Any, **more: Any) -> Any:
        made = remembered(self, *arguments, **more)
        return structs.replace(made, id=f"{made.id}@{made.created_ms}")

    return both(replaced(learning._Lesson, "item", lesson), replaced(TaskMemory, "_item", fact))


def what_is_summed_up_is_recalled_too() -> AbstractContextManager[None]:
    """A summary does not supersede what it sums up."""
    return replaced(summing, "summed_up", lambda source, summary: source)


AGENT_BUGS: Final[tuple[tuple[str, Bug], ...]] = (
    ("P9", turns_set_nothing_aside),
    ("P9", each_child_gets_all_that_is_left),
    ("P9", spending_of_children_is_lost),
    ("P9", usage_is_not_counted),
    ("M1", message_stays_unread),
    ("M1", only_the_last_message_is_shown),
    ("M1", messages_come_in_reverse),
    ("A1", messages_bear_no_labels),
    ("A1", labels_stay_below),
    ("A1", labels_of_memories_are_lost),
    ("A2", rules_above_are_forgotten),
    ("R1", memory_is_kept_once_more),
    ("R2", what_is_summed_up_is_recalled_too),
)
"""With the promise that each breaks."""
