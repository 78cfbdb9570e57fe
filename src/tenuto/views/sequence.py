"""What agents, tools and people said to each other, as a sequence diagram in Mermaid's language."""

from typing import Final, assert_never

from tenuto.core.vocabulary import Json
from tenuto.views.excerpts import excerpt
from tenuto.views.messages import Answered, Asked, Decided, Message, Put, Returned, Signalled
from tenuto.views.told import Read, Told, Unread

WIDTH: Final = 60
"""Characters of a line; longer texts are cut."""

USER: Final = "user"
SESSION: Final = "session"


class Sequence:
    """Collects messages and draws them. Who speaks first stands to the left."""

    def __init__(self) -> None:
        self._names: dict[str, str] = {}
        self._lines: list[str] = []

    def add(self, message: Message) -> None:
        """Draw one message below the others."""
        match message:
            case Asked():
                self._arrow(USER, "->>", SESSION, excerpt(message.inputs, WIDTH))
            case Answered():
                self._answered(message)
            case Returned():
                said = message.error or excerpt(message.value, WIDTH)
                arrow = "--x" if message.error else "-->>"
                self._arrow(message.tool, arrow, _caller(message), said)
            case Put():
                self._note(message.path or SESSION, f"{message.kind}: {_shown(message.data)}")
            case Signalled():
                said = f"{message.name} {_shown(message.data)}"
                self._arrow(message.by or USER, "->>", SESSION, said)
            case Decided():
                word = "approved" if message.approved else "denied"
                self._arrow(message.by or USER, "->>", SESSION, f"{word} {message.path}")
            case Told():
                self._told(message)
            case Read():
                pass  # The arrow of the message tells it.
            case Unread():
                for no, names in message.messages.items():
                    self._note(SESSION, f"message {no} has not reached {', '.join(names)}")
            case _:
                assert_never(message)

    def text(self) -> str:
        """Return the diagram."""
        actors = [
            f"    {'actor' if name == USER else 'participant'} {short} as {_clean(name)}"
            for name, short in self._names.items()
        ]
        return "\n".join(["sequenceDiagram", *actors, *self._lines])

    def _answered(self, message: Answered) -> None:
        for wish in message.calls:
            if wish.is_message:
                continue
            self._arrow(message.agent, "->>", wish.tool, excerpt(wish.arguments, WIDTH))
        if not message.calls:
            said = message.text if message.data is None else excerpt(message.data, WIDTH)
            self._arrow(message.agent, "->>", SESSION, said)

    def _told(self, message: Told) -> None:
        """An open arrow: nobody waits for the receiver."""
        if message.error:
            self._note(message.agent, message.error)
            return
        arrow = "--)" if message.answers else "-)"
        mark = "? " if message.kind == "request" else " "
        for name in message.to:
            self._arrow(message.agent, arrow, name, f"{message.message}{mark}{message.text}")

    def _arrow(self, source: str, arrow: str, target: str, said: str) -> None:
        line = f"    {self._short(source)}{arrow}{self._short(target)}: {_clean(said) or '…'}"
        self._lines.append(line)

    def _note(self, place: str, said: str) -> None:
        self._lines.append(f"    Note over {self._short(place)}: {_clean(said)}")

    def _short(self, name: str) -> str:
        """Return a name that no word of the language clashes with."""
        return self._names.setdefault(name, f"p{len(self._names)}")


def _caller(message: Returned) -> str:
    """Return who made the call: of an agent's call the agent above, not the one that was called."""
    return message.caller or message.agent


def _shown(data: Json) -> str:
    return "" if data is None else excerpt(data, WIDTH)


def _clean(text: str) -> str:
    """Return a text in one line, without the characters that mean something to Mermaid."""
    line = " ".join(text.split())
    line = line if len(line) <= WIDTH else f"{line[: WIDTH - 1]}…"
    return line.replace("#", "♯").replace(";", ",").replace(":", "∶")
