"""Messages between agents, as people see them."""

import asyncio
from typing import Any

import tenuto
from tenuto.cli.talk import show_message
from tenuto.testing import MockLLM, calls
from tenuto.views.messages import Answered, Message, Messages
from tenuto.views.sequence import Sequence
from tenuto.views.told import Read, Told, Unread


def send(to: str, text: str, kind: str = "notification") -> tuple[str, dict[str, Any]]:
    return "send_message", {"to": to, "text": text, "kind": kind}


def told(*first: tuple[str, dict[str, Any]]) -> list[Message]:
    """Return what a writer said who makes these calls first, and what its critic said."""
    writer = tenuto.Agent("writer", model="scripted:any", writes_to=["critic", "late"])
    critic = tenuto.Agent("critic", model="scripted:any")
    late = tenuto.Agent("late", model="scripted:any")
    flow = tenuto.Workflow("poem")
    flow.node("write", agent=writer)
    flow.node("review", agent=critic)
    flow.node("never", agent=late, run_if="false")
    model = MockLLM(
        {
            "writer": [calls(*first), "Fog.", "Grey fog."],
            "critic": [
                "Nothing yet.",
                calls(("reply_message", {"message": 1, "text": "What colour?"})),
                "It lacks a colour.",
            ],
            "late": [],
        }
    )

    async def main() -> list[Message]:
        async with tenuto.open("memory://", models={"scripted": model}) as runtime:
            session = await runtime.start(flow, {})
            await session.result(10)
            messages, said = Messages(await session.definition()), []
            async for stored in session.events(follow=False):
                message = messages.add(stored.version, stored.event)
                if message is not None:
                    said.append(message)
            return said

    return asyncio.run(main())


ASKED = send("critic", "Is fog enough?", "request")


def test_each_message_is_an_entry_with_its_number_kind_sender_and_addressees() -> None:
    said = [message for message in told(ASKED) if isinstance(message, Told)]

    assert [(m.message, m.kind, m.agent, m.to, m.text, m.answers) for m in said] == [
        (1, "request", "writer", ("critic",), "Is fog enough?", 0),
        (2, "response", "critic", ("writer",), "What colour?", 1),
    ]


def test_the_reading_of_a_message_is_an_entry() -> None:
    said = [message for message in told(ASKED) if isinstance(message, Read)]

    assert [(m.agent, m.messages) for m in said] == [("critic", (1,)), ("writer", (2,))]


def test_what_nobody_has_read_at_the_end_is_told() -> None:
    (unread,) = [m for m in told(ASKED, send("late", "Hello?")) if isinstance(m, Unread)]

    assert unread.messages == {2: ("late",)}


def test_what_was_not_sent_says_why() -> None:
    said = told(ASKED, send("nobody", "Hello?"))

    (failed,) = [m for m in said if isinstance(m, Told) and m.error]
    assert (failed.message, failed.to) == (0, ("nobody",))
    assert "you may write to: critic, late" in failed.error


def test_a_call_that_sends_is_told_from_one_of_a_tool() -> None:
    answered = [m for m in told(ASKED) if isinstance(m, Answered)]

    assert [wish.is_message for m in answered for wish in m.calls] == [True, True]


def test_messages_are_open_arrows_of_the_diagram() -> None:
    sequence = Sequence()
    for message in told(ASKED, send("late", "Hello?"), send("nobody", "Hello?")):
        sequence.add(message)

    text = sequence.text()
    writer, critic, late = (_short(text, name) for name in ("writer", "critic", "late"))
    assert f"{writer}-){critic}: 1? Is fog enough?" in text
    assert f"{critic}--){writer}: 3 What colour?" in text
    assert f"{writer}-){late}: 2 Hello?" in text
    assert f"Note over {writer}: Not sent∶ you may not write to 'nobody'" in text
    assert "message 2 has not reached late" in text
    assert "send_message" not in text


def _short(text: str, name: str) -> str:
    (line,) = [line for line in text.splitlines() if line.endswith(f" as {name}")]
    return line.split()[1]


def test_every_entry_can_be_printed(capsys: Any) -> None:
    for message in told(ASKED, send("late", "Hello?"), send("nobody", "Hi")):
        show_message(message)

    printed = capsys.readouterr().out
    assert "writer to critic: request 1" in printed
    assert "critic to writer: response to 1 3" in printed
    assert "critic reads 1" in printed
    assert "never read" in printed and "2 by late" in printed
    assert "✗ writer to nobody" in printed
