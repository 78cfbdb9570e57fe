"""Messages between agents (M1): each reaches each of its addressees once, in order, and at once.

Held against the log alone. What an agent is shown with a turn is all that was written to it since,
and no more; a response goes to the task that asked, as long as that is open.
"""

import re
from collections.abc import Container, Iterator
from typing import Final

import msgspec

from tenuto.core.agent.compacting import COMPACT
from tenuto.core.session import events as e
from tenuto.core.vocabulary import TaskNo
from tenuto.testing.simulation.cast import Cast

_READ: Final = re.compile(
    r"Message (\d+) from [^\n(]+ \((?:request|notification|response to \d+)\): "
)


class Letter(msgspec.Struct, frozen=True, kw_only=True):
    """A message that was sent."""

    no: int
    kind: str
    task: TaskNo
    """The sender's."""
    to: tuple[str, ...]
    asker: TaskNo = TaskNo(0)
    """Of a response: the task that asked."""


class Mail:
    """The messages of one session."""

    def __init__(self) -> None:
        self.sent: dict[int, Letter] = {}
        self.read: dict[tuple[int, str], TaskNo] = {}
        """Message and addressee to the task that was shown it."""
        self._reminded: set[int] = set()
        self._missed: dict[TaskNo, list[int]] = {}
        """Turns to messages that they should have been shown, unless they sum up."""
        self.has_summed_up: set[TaskNo] = set()
        """Tasks of agents whose early conversation is gone."""

    def take(
        self, event: e.SessionEvent, cast: Cast, still_open: Container[TaskNo]
    ) -> Iterator[str]:
        """Take in the next event of the log, which the cast has taken; yield what is wrong."""
        match event:
            case e.ChildrenStarted(kind="model") if event.parent in cast.agents:
                shown = event.shown.messages if event.shown is not None else ()
                yield from self._shown(event, shown, cast.agents[event.parent], still_open)
            case e.TaskCompleted() if cast.kinds.get(event.task) == "message":
                yield from self._sent(event, cast)
            case e.TaskCompleted() if cast.kinds.get(event.task) == "model":
                missed = self._missed.pop(event.task, None)
                agent = cast.parents[event.task]
                if cast.answers[agent].purpose == COMPACT:
                    self.has_summed_up.add(agent)
                elif missed:
                    yield f"task {agent} took a turn and was not shown messages {missed}"

    def _sent(self, event: e.TaskCompleted, cast: Cast) -> Iterator[str]:
        output = event.output
        assert isinstance(output, dict), "sending gives a receipt"
        number, to = output["message"], output["to"]
        assert isinstance(number, int) and isinstance(to, list), "a receipt says whom it reaches"
        if number != len(self.sent) + 1:
            yield f"message {number} follows {len(self.sent)} others"
        asked = self.sent.get(int(str(output.get("answers", 0))))
        self.sent[number] = Letter(
            no=number,
            kind=str(output["kind"]),
            task=cast.parents[event.task],
            to=tuple(map(str, to)),
            asker=asked.task if asked is not None else TaskNo(0),
        )

    def _shown(
        self,
        event: e.ChildrenStarted,
        shown: tuple[int, ...],
        name: str,
        still_open: Container[TaskNo],
    ) -> Iterator[str]:
        task = event.parent
        due = [
            letter.no
            for letter in self.sent.values()
            if name in letter.to
            and (letter.no, name) not in self.read
            and (letter.asker == task or letter.asker not in still_open)
        ]
        new = [no for no in shown if self.read.get((no, name)) != task]
        for no in shown:
            if no not in new:
                if self.sent[no].kind != "request" or no in self._reminded:
                    yield f"task {task} of agent {name!r} is shown message {no} again"
                self._reminded.add(no)
        for no in new:
            if no not in due:
                yield f"task {task} of agent {name!r} is shown message {no}, which is not for it"
            self.read[no, name] = task
        if new != sorted(new):
            yield f"task {task} of agent {name!r} is shown messages in order {new}"
        missed = [no for no in due if no not in new]
        if missed:
            self._missed[event.first] = missed

    def misread(self, task: TaskNo, texts: list[str]) -> str:
        """Return what is wrong with the messages in what a model reads for an agent's task."""
        found = [int(number) for text in texts for number in _READ.findall(text)]
        given = sorted(no for (no, _), reader in self.read.items() if reader == task)
        if task in self.has_summed_up:
            return "" if set(found) <= set(given) else f"it reads {found} and was shown {given}"
        return "" if sorted(found) == given else f"it reads messages {found} and was shown {given}"
