"""Every number that bounds Tenuto, with its unit, and how the numbers relate."""

from typing import Final

PAYLOAD_BYTES_INLINE_MAX: Final = 64 * 1024
"""A payload whose encoding is larger is kept as an artifact; the event refers to it."""

OUTPUT_BYTES_MAX: Final = 16 * 1024 * 1024
"""A larger output of one task is refused."""

STEPS_MAX: Final = 10_000
"""Node activations a session may make before it stops and asks; `resume` can grant more.
Items of a map and turns of an agent have their own limits below."""

MAP_ITEMS_MAX: Final = 1_000_000
MAP_CONCURRENCY: Final = 64
"""Items of a map that are open at once when the node does not say."""

TURNS_MAX: Final = 50
"""Model requests an agent may make in one task when it does not say."""

REPEATS_TOLD: Final = 3
"""Turns in a row with the same calls and the same results, after which the model is told so."""
REPEATS_MAX: Final = 6
"""After so many an agent runs in circles: a person is asked."""
PLAN_STEPS_MAX: Final = 50

MESSAGE_CHARS_MAX: Final = 10_000
"""Of one message between agents."""
MESSAGES_MAX: Final = 10_000
"""Messages between agents that a session may hold in all."""
MESSAGES_UNREAD_MAX: Final = 1_000
"""Of these, those that are kept until their addressees take a turn."""
MESSAGE_ROUNDS_MAX: Final = 5
"""Turns that an agent is given in one task only because of messages, when it has answered already.
Without a bound two agents that thank each other would never end."""
TOOLS_SHOWN_MAX: Final = 40
"""Tools found at run time that a request shows all at once; of more, the model searches and sees
those that it found, at most as many. Models choose worse among more than 30 to 50 tools.
Source: Anthropic, documentation of the tool search tool, 2026."""
TOOLS_FOUND_MAX: Final = 10
"""Tools that one search gives."""

OUTPUT_REPAIRS_MAX: Final = 2
"""How often a model is told that its output does not fit the schema. Source: DESIGN section 6."""

RECOVERIES_MAX: Final = 3
"""How often a node's `recover` may propose a fix in one task."""

ATTEMPTS_MAX: Final = 100
CHILD_DEPTH_MAX: Final = 16
"""Sessions nested in sessions; deeper is almost surely a workflow that starts itself."""

NODES_MAX: Final = 10_000
EXPRESSION_CHARS_MAX: Final = 10_000
NAME_CHARS_MAX: Final = 200
SIGNALS_BUFFERED_MAX: Final = 10_000
"""Signals kept for a wait that has not begun; one more is refused, none is dropped."""
SIGNAL_KEYS_MAX: Final = 256
"""A session knows the keys of so many signals, the latest, and takes none of them twice."""

SNAPSHOT_TAIL_BYTES_MIN: Final = 64 * 1024
"""No snapshot is taken before so much log has been added since the last one."""

APPEND_ATTEMPTS_MAX: Final = 5
"""Tries of one append before the session blocks with the error. Source: DESIGN 3.4."""

# A value that fits an event must fit an output, or small outputs would be refused.
assert PAYLOAD_BYTES_INLINE_MAX < OUTPUT_BYTES_MAX
assert MAP_CONCURRENCY < MAP_ITEMS_MAX
assert TURNS_MAX < STEPS_MAX
# An agent must be able to end within its turns although others write to it.
assert MESSAGE_ROUNDS_MAX < TURNS_MAX
assert MESSAGES_UNREAD_MAX <= MESSAGES_MAX
assert 1 < REPEATS_TOLD < REPEATS_MAX
# What a search found is shown in the next request.
assert TOOLS_FOUND_MAX <= TOOLS_SHOWN_MAX
