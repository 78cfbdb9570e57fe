"""How the state of a session takes new values, and how a task keeps old ones.

In place where that is safe: a list that grows by `append` and `extend` stays one object for ever,
and whoever needs it as it was remembers its length. Every other captured value is copied before it
changes.
"""

from collections.abc import Callable
from typing import Final

from tenuto.core.session.state import Captured, SessionState
from tenuto.core.vocabulary import Json, JsonObject

_GROWING: Final = frozenset({"append", "extend"})


def unshared(value: Json) -> Json:
    """Return `value` in containers of its own: nobody else's list or dict is ever changed."""
    if isinstance(value, list):
        return [unshared(item) for item in value]
    if isinstance(value, dict):
        return {name: unshared(item) for name, item in value.items()}
    return value


def misfit(reducer: str, value: Json, old: Json) -> str | None:
    """Return why `reducer` cannot take `value` onto `old`, in words, or None if it can."""
    if reducer in ("extend", "union") and not isinstance(value, list):
        return f"{reducer!r} takes a list, found {_kind(value)}"
    if reducer == "merge" and not isinstance(value, dict):
        return f"'merge' takes an object, found {_kind(value)}"
    if reducer == "add" and (isinstance(value, bool) or not isinstance(value, int | float)):
        return f"'add' takes a number, found {_kind(value)}"
    if reducer in ("max", "min") and (
        isinstance(value, bool) or not isinstance(value, int | float | str)
    ):
        return f"{reducer!r} takes a number or text, found {_kind(value)}"
    if reducer in ("max", "min") and old is not None and _kind(old) != _kind(value):
        return f"{reducer!r} cannot compare {_kind(value)} with {_kind(old)}"
    return None


def reduce_into(state: SessionState, output: Json, updates: JsonObject | None) -> None:
    """Take the declared keys of `output` (or `updates`, where given) into the state."""
    keys = state.keys
    if not keys:
        return
    if updates is None:
        if not isinstance(output, dict):
            return
        for name in output:
            if name in keys:
                _reduce(state, name, keys[name].reducer, output[name])
    else:
        for name, value in updates.items():
            _reduce(state, name, keys[name].reducer, value)


def _reduce(state: SessionState, name: str, reducer: str, value: Json) -> None:
    old = state.values[name]
    if reducer == "replace":
        state.values[name] = value
        state.shared.pop(name, None)
    elif reducer == "append":
        assert isinstance(old, list)
        old.append(value)
    elif reducer == "extend":
        assert isinstance(old, list) and isinstance(value, list)
        old.extend(value)
    else:
        if name in state.shared:
            del state.shared[name]
            old = state.values[name] = old.copy() if isinstance(old, list | dict) else old
        state.values[name] = _COMBINE[reducer](old, value)


def capture(state: SessionState, paths: tuple[str, ...]) -> Captured:
    """Return the present values of `paths`, to stay as they are whatever happens to the state."""
    captured = Captured()
    for path in paths:
        root, _, name = path.partition(".")
        if root == "outputs":
            if name:
                if name in state.outputs:
                    captured.outputs[name] = state.outputs[name]
            else:
                captured.outputs.update(state.outputs)
            continue
        for key in (name,) if name else tuple(state.values):
            _capture_key(state, key, captured)
    return captured


def _capture_key(state: SessionState, key: str, captured: Captured) -> None:
    value = state.values[key]
    if state.keys[key].reducer in _GROWING:
        assert isinstance(value, list)
        captured.lengths[key] = len(value)
        return
    captured.state[key] = value
    if isinstance(value, list | dict):
        state.shared[key] = None


def values_then(state: SessionState, captured: Captured) -> JsonObject:
    """Return the state keys of `captured` as they were when it was made."""
    values = dict(captured.state)
    for key, length in captured.lengths.items():
        now = state.values[key]
        assert isinstance(now, list)
        values[key] = now if len(now) == length else now[:length]
    return values


def detached(state: SessionState, value: Json) -> Json:
    """Return what an expression gave, free of the lists that the state goes on growing.

    A plain path gives such a list itself; who keeps it must not see it grow."""
    if isinstance(value, list):
        return value.copy() if _is_growing(state, value) else value
    if isinstance(value, dict):
        # The state as a whole: its keys, one below the other.
        grown = {
            name: item.copy()
            for name, item in value.items()
            if isinstance(item, list) and _is_growing(state, item)
        }
        return {**value, **grown} if grown else value
    return value


def _is_growing(state: SessionState, value: list[Json]) -> bool:
    return any(
        state.values[name] is value for name, key in state.keys.items() if key.reducer in _GROWING
    )


def _kind(value: Json) -> str:
    names = {type(None): "null", bool: "a boolean", int: "a number", float: "a number"}
    names |= {str: "text", list: "a list", dict: "an object"}
    return names.get(type(value), type(value).__name__)


def _add(old: Json, value: Json) -> Json:
    assert isinstance(old, int | float) and isinstance(value, int | float)
    return old + value


def _largest(old: Json, value: Json) -> Json:
    return value if old is None or value > old else old  # type: ignore[operator]  # same kinds


def _smallest(old: Json, value: Json) -> Json:
    return value if old is None or value < old else old  # type: ignore[operator]  # same kinds


def _merge(old: Json, value: Json) -> Json:
    assert isinstance(old, dict) and isinstance(value, dict)
    old.update(value)
    return old


def _union(old: Json, value: Json) -> Json:
    assert isinstance(old, list) and isinstance(value, list)
    old.extend(item for item in value if item not in old)
    return old


_COMBINE: Final[dict[str, Callable[[Json, Json], Json]]] = {
    "add": _add,
    "max": _largest,
    "min": _smallest,
    "merge": _merge,
    "union": _union,
}
