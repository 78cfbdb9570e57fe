"""Events as JSON for programs: names instead of places in an array."""

from typing import Final

import msgspec

from tenuto.core.session import events as e
from tenuto.core.vocabulary import Json, JsonObject, TaskNo
from tenuto.views.moments import moment_text
from tenuto.views.open_tasks import OpenTasks, answer_of

_PAYLOADS: Final = frozenset({"inputs", "patch", "output", "updates", "data"})
"""Fields that are JSON already, and may be large."""


def event_json(
    event: e.SessionEvent, *, version: int, position: int, tasks: OpenTasks | None = None
) -> JsonObject:
    """Return `event` as `{"version", "position", "at", "type", …its fields}`.

    With `tasks`, in which the event has begun, it also says the `path` of the task that it names,
    and a model's answer is spelt out."""
    told: JsonObject = {
        "version": version,
        "position": position,
        "at": moment_text(event.at_ms),
        "type": type(event).__name__,
    }
    for name in event.__struct_fields__[1:]:
        value = getattr(event, name)
        told[name] = value if name in _PAYLOADS else plain_json(value)
    number = told.get("task")
    if tasks is None or not isinstance(number, int):
        return told
    task = tasks.get(TaskNo(number))
    if task is not None:
        told["path"] = tasks.path(task.no)
        if task.kind == "model" and isinstance(event, e.TaskCompleted):
            told["output"] = plain_json(answer_of(event.output))
    return told


def plain_json(value: object) -> Json:
    """Return `value`, made of structs and JSON, as JSON in which each field has its name."""
    if isinstance(value, msgspec.Struct):
        return {name: plain_json(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, dict):
        return {str(name): plain_json(part) for name, part in value.items()}
    if isinstance(value, list | tuple):
        return [plain_json(part) for part in value]
    assert value is None or isinstance(value, str | int | float), f"not JSON: {value!r}"
    return value
