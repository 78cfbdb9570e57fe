"""Nodes as files write them: one keyword says what the node does, the other keys say how."""

from collections.abc import Callable
from typing import Final

from msgspec.structs import replace

from tenuto.core import limits
from tenuto.core.pools import PRIORITY_MAX
from tenuto.core.workflow.faults import Path
from tenuto.core.workflow.kinds import FIELDS, KIND_OF, NOT_IN_BODY, word_of
from tenuto.core.workflow.literals import Misplaced, expression_of, literal, template_of
from tenuto.core.workflow.model import Node, RetryPolicy
from tenuto.core.workflow.read_schemas import object_schema
from tenuto.core.workflow.section import Section, duration, duration_of, flag

_ATTEMPTS: Final = limits.ATTEMPTS_MAX
_YEAR_SECONDS: Final = 366 * 86_400


class NodeReader:
    """Reads nodes the way a form writes them.

    `texts_are_literal`: in the task form a text input is itself, in the graph form an
    expression."""

    def __init__(self, *, texts_are_literal: bool, retry: RetryPolicy | None = None) -> None:
        self._texts_are_literal, self._retry = texts_are_literal, retry

    def node(self, section: Section, id: str, path: Path) -> Node:
        """Return the node in `section`; `path` leads to it in the definition.

        What cannot be read is reported, and left as it is by default."""
        section.reading.origins[path] = section.path
        node = Node(id=id, kind="function")
        keyword = _keyword(section)
        if keyword is None:
            section.reading.broken.add(path)
            return node
        node = replace(node, kind=KIND_OF[keyword])
        node = _PURPOSES[keyword](self, section, node, path)
        return self._rules(section, node, path, keyword)

    def _rules(self, section: Section, node: Node, path: Path, keyword: str) -> Node:
        fields, origins = FIELDS[node.kind], section.reading.origins
        is_body = path[-1] == "body"
        for field in RULES:
            key = word_of(field)
            if key not in section.data:
                continue
            if field in fields and not (is_body and field in NOT_IN_BODY):
                node = RULES[field](self, section, node)
                origins[(*path, field)] = section.at(key)
                if field == "timeout_ms" and node.kind == "wait":
                    origins[(*path, "delay")] = section.at(key)
            else:
                section.get(key)
                section.fault(key, *_misplaced(field, section, keyword, is_body))
        if self._retry is not None and node.retry is None and "retry" in fields:
            node = replace(node, retry=self._retry)
        section.close(word_of(field) for field in fields if field in RULES)
        return node

    # Keywords

    def _named(self, section: Section, node: Node, path: Path) -> Node:
        key = node.kind
        section.reading.origins[(*path, "ref")] = section.at(key)
        return replace(node, ref=section.text(key))

    def _condition(self, section: Section, node: Node, path: Path) -> Node:
        section.reading.origins[(*path, "inputs", "result")] = section.at("condition")
        return replace(node, inputs={"result": expression(section, "condition")})

    def _map(self, section: Section, node: Node, path: Path) -> Node:
        section.reading.origins[(*path, "items")] = section.at("map")
        node = replace(node, items=expression(section, "map"))
        node = replace(node, body=self._body(section, "do", node.id, path))
        concurrency = section.whole(
            "concurrency", limits.MAP_CONCURRENCY, minimum=1, maximum=limits.MAP_ITEMS_MAX
        )
        collect = section.choice("on_item_failure", ("fail", "collect"), "fail")
        return replace(node, concurrency=concurrency, on_item_failure=collect)

    def _loop(self, section: Section, node: Node, path: Path) -> Node:
        section.reading.origins[(*path, "repeat")] = section.at("while")
        section.reading.origins[(*path, "max_iterations")] = section.at("max")
        again = expression(section, "while") if section.has("while") else ""
        most = section.whole("max", 0, minimum=1, maximum=limits.STEPS_MAX * 100)
        node = replace(node, repeat=again, max_iterations=most)
        return replace(node, body=self._body(section, "loop", node.id, path))

    def _body(self, section: Section, key: str, id: str, path: Path) -> Node | None:
        if key not in section.data:
            section.lacks(key, f"Say what is done with each: {key}: {{function: …}}.")
            section.reading.broken.add((*path, "body"))
            return Node(id=f"{id}.do", kind="function")
        body = section.section(key, f"the body of node {id!r}")
        if body is None:
            section.reading.broken.add((*path, "body"))
            return Node(id=f"{id}.do", kind="function")
        return self.node(body, f"{id}.do", (*path, "body"))

    def _approval(self, section: Section, node: Node, path: Path) -> Node:
        section.reading.origins[(*path, "title")] = section.at("approval")
        title = section.text("approval")
        expiry = section.choice("on_expiry", ("deny", "approve", "fail"), "deny")
        node = replace(node, title=title, assignees=section.names("assignees"), on_expiry=expiry)
        return self._form(section, node)

    def _wait(self, section: Section, node: Node, path: Path) -> Node:
        section.reading.origins[(*path, "signal")] = section.at("wait")
        then = section.choice("on_timeout", ("fail", "continue"), "fail")
        return self._form(section, replace(node, signal=section.text("wait"), on_timeout=then))

    def _form(self, section: Section, node: Node) -> Node:
        form = object_schema(section, "form", f"the form of node {node.id!r}", each="Field")
        return replace(node, form=form)

    def _timer(self, section: Section, node: Node, path: Path) -> Node:
        section.reading.origins[(*path, "delay")] = section.at("timer")
        value = section.get("timer")
        if isinstance(value, str) and duration_of(value) is not None:
            return replace(node, delay=literal(value))
        length = duration_of(value)
        if length is not None:
            if length < 0:
                section.wrong("timer", "a duration of 0 or more")
            return replace(node, delay=literal(length))
        return replace(node, delay=expression(section, "timer"))

    def _timer_until(self, section: Section, node: Node, path: Path) -> Node:
        section.reading.origins[(*path, "until")] = section.at("timer_until")
        return replace(node, until=expression(section, "timer_until"))

    def _inputs(self, section: Section, node: Node) -> Node:
        found = section.section("inputs", f"the inputs of node {node.id!r}")
        if found is None:
            return node
        read = template if self._texts_are_literal else expression
        return replace(
            node, inputs={**node.inputs, **{key: read(found, key) for key in found.data}}
        )


_PURPOSES: Final[dict[str, Callable[[NodeReader, Section, Node, Path], Node]]] = {
    "agent": NodeReader._named,
    "tool": NodeReader._named,
    "function": NodeReader._named,
    "workflow": NodeReader._named,
    "condition": NodeReader._condition,
    "map": NodeReader._map,
    "loop": NodeReader._loop,
    "approval": NodeReader._approval,
    "wait": NodeReader._wait,
    "timer": NodeReader._timer,
    "timer_until": NodeReader._timer_until,
}


def _updates(reader: NodeReader, section: Section, node: Node) -> Node:
    found = section.section("updates", f"the updates of node {node.id!r}")
    if found is None:
        return node
    return replace(node, updates={key: expression(found, key) for key in found.data})


def _if(reader: NodeReader, section: Section, node: Node) -> Node:
    return replace(node, condition=expression(section, "if"))


def _retry(reader: NodeReader, section: Section, node: Node) -> Node:
    return replace(node, retry=retry_policy(section, "retry"))


def _timeout(reader: NodeReader, section: Section, node: Node) -> Node:
    value = section.data["timeout"]
    if node.kind == "wait" and isinstance(value, str) and duration_of(value) is None:
        # Of a wait it may be worked out: an expression, as a timer has.
        return replace(node, delay=expression(section, "timeout"))
    return replace(node, timeout_ms=duration(section, "timeout"))


def _once(reader: NodeReader, section: Section, node: Node) -> Node:
    return replace(node, once=flag(section, "once"))


def _on_failure(reader: NodeReader, section: Section, node: Node) -> Node:
    return replace(node, on_failure=section.choice("on_failure", ("fail", "continue"), "fail"))


def _recover(reader: NodeReader, section: Section, node: Node) -> Node:
    return replace(node, recover=section.text("recover"))


def _compensate(reader: NodeReader, section: Section, node: Node) -> Node:
    return replace(node, compensate=section.text("compensate"))


def _pool(reader: NodeReader, section: Section, node: Node) -> Node:
    return replace(node, pool=section.text("pool"))


def _priority(reader: NodeReader, section: Section, node: Node) -> Node:
    least, most = -PRIORITY_MAX, PRIORITY_MAX
    return replace(node, priority=section.whole("priority", 0, minimum=least, maximum=most))


RULES: Final[dict[str, Callable[[NodeReader, Section, Node], Node]]] = {
    "inputs": NodeReader._inputs,
    "updates": _updates,
    "condition": _if,
    "retry": _retry,
    "timeout_ms": _timeout,
    "once": _once,
    "on_failure": _on_failure,
    "recover": _recover,
    "compensate": _compensate,
    "pool": _pool,
    "priority": _priority,
}
"""How the keys are read that nodes of several kinds may have, by field."""


def _keyword(section: Section) -> str | None:
    found = [keyword for keyword in KIND_OF if section.has(keyword)]
    if len(found) == 1:
        return found[0]
    words = ", ".join(KIND_OF)
    if found:
        section.fault(
            found[1],
            f"{section.sentence} does two things: {' and '.join(map(repr, found))}.",
            "Make them two nodes, with an edge between them.",
        )
    else:
        empty = [keyword for keyword in KIND_OF if keyword in section.data]
        if empty:
            section.fault(empty[0], f"{empty[0]!r} of {section.what} has no value.")
        else:
            for field in RULES:
                section.get(word_of(field))
            if section.close() == 0:
                section.reading.fault(
                    section.path,
                    f"{section.sentence} does not say what it does.",
                    f"Give it one of: {words}.",
                )
    return None


def _misplaced(field: str, section: Section, keyword: str, is_body: bool) -> tuple[str, str]:
    key = word_of(field)
    if is_body and field in NOT_IN_BODY and field in FIELDS[KIND_OF[keyword]]:
        return f"{section.sentence} cannot have {key!r}.", f"Instead, {NOT_IN_BODY[field]}."
    fitting = [word for word, kind in KIND_OF.items() if field in FIELDS[kind]]
    hint = f"{key!r} belongs to: {', '.join(fitting)}."
    if keyword == "agent" and field in ("retry", "timeout_ms"):
        hint = "Models and tools are tried again by themselves; bound a request in the agent."
    return f"{section.sentence} ({keyword}) cannot have {key!r}.", hint


def expression(section: Section, key: str) -> str:
    """Return the expression under `key`; what is no text is a literal."""
    value = section.get(key)
    if isinstance(value, str):
        if not value.strip():
            section.wrong(key, "an expression", "For an empty text write \"''\".")
        return value
    return expression_of(value)


def template(section: Section, key: str) -> str:
    """Return the expression of a value in which texts are literal unless written `${ … }`."""
    value = section.get(key)
    try:
        text = template_of(value)
    except Misplaced as error:
        section.fault(
            key,
            f"{str(error)!r:.80} mixes text with an expression.",
            "Write the whole as one expression: ${ 'Hello ' + inputs.name }.",
        )
        return "null"
    if not text:
        section.wrong(key, "an expression", "Write it between ${ and }.")
        return "null"
    return text


def retry_policy(section: Section, key: str) -> RetryPolicy | None:
    """Return the retry policy under `key`: a number of attempts, or an object."""
    value = section.get(key)
    if isinstance(value, int) and not isinstance(value, bool):
        return RetryPolicy(max_attempts=section.whole(key, 1, minimum=1, maximum=_ATTEMPTS))
    if not isinstance(value, dict):
        section.wrong(key, "a number of attempts, or an object", "Write {max_attempts: 3}.")
        return None
    policy = Section(section.reading, section.at(key), value, what=f"{key!r}")
    default = RetryPolicy()
    found = RetryPolicy(
        max_attempts=policy.whole(
            "max_attempts", default.max_attempts, minimum=1, maximum=_ATTEMPTS
        ),
        backoff=policy.choice("backoff", ("exponential", "fixed"), default.backoff),
        initial_ms=_milliseconds(policy, "initial_seconds", default.initial_ms),
        factor=policy.number("factor", default.factor, minimum=1, maximum=1000),
        max_ms=_milliseconds(policy, "max_seconds", default.max_ms),
        jitter=policy.number("jitter", default.jitter, minimum=0, maximum=1),
    )
    policy.close()
    return found


def _milliseconds(section: Section, key: str, default: int) -> int:
    seconds = section.number(key, default / 1000, minimum=0, maximum=_YEAR_SECONDS)
    return round(seconds * 1000)
