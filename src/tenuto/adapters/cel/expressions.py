"""CEL behind the interface of `core.workflow.program`: compiled once, fed with what it reads only.

Two kinds of expression never reach the library when they are evaluated: plain paths, such as
`outputs.fetch.body`, and plain JSON. Both give what CEL gives; tests hold them together.
"""

from collections.abc import Mapping
from typing import Any, Final

from tenuto.adapters.cel.lexer import tokens
from tenuto.adapters.cel.literals import literal_value
from tenuto.adapters.cel.paths import (
    FIELD_ROOTS,
    Path,
    narrowed,
    paths_in,
    pure_path,
    with_ordered_macros,
)
from tenuto.adapters.cel.results import (
    ORDERED,
    NotJson,
    compile_faults,
    input_fault,
    run_fault,
    scalar_fault,
    to_json,
)
from tenuto.core import limits
from tenuto.core.errors import ExpressionFailed, Rejected
from tenuto.core.vocabulary import Json
from tenuto.core.workflow.program import Expression

_CACHE_MAX: Final = 10_000

Scope = Mapping[str, Mapping[str, Json] | Json]


class CelExpressions:
    """Compiles CEL. Equal texts under equal roots are compiled once; the library loads lazily."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, frozenset[str]], Expression] = {}
        self._environments: dict[frozenset[str], Any] = {}

    def compile(self, source: str, *, roots: frozenset[str]) -> Expression:
        """Return `source` compiled; `roots` are the names it may start from.

        Raises:
            Rejected: with the reason and the place in the text.
        """
        known = self._known.get((source, roots))
        if known is None:
            if len(self._known) >= _CACHE_MAX:
                self._known.clear()
            known = self._known[source, roots] = self._compile(source, roots)
        return known

    def _compile(self, source: str, roots: frozenset[str]) -> Expression:
        if not source.strip():
            raise Rejected("The expression is empty.")
        literal = literal_value(source)
        if literal is not None:
            return Constant(source, literal[0])
        if len(source) > limits.EXPRESSION_CHARS_MAX:
            raise Rejected(
                f"The expression has {len(source)} characters; at most "
                f"{limits.EXPRESSION_CHARS_MAX} are allowed."
            )
        if any(word.kind == "name" and word.text == ORDERED for word in tokens(source)):
            raise Rejected(f"Expression {source!r}: the name {ORDERED!r} is taken.")
        environment = self._environment(roots)
        compiled = _compiled(environment, source, source, roots)
        path = pure_path(source, roots)
        if path is not None:
            return PurePath(source, path)
        ordered = with_ordered_macros(source, ORDERED)
        if ordered != source:
            compiled = _compiled(environment, ordered, source, roots)
        return CelExpression(source, compiled, paths_in(source, roots))

    def _environment(self, roots: frozenset[str]) -> Any:
        environment = self._environments.get(roots)
        if environment is None:
            environment = self._environments[roots] = _new_environment(roots)
        return environment


def _new_environment(roots: frozenset[str]) -> Any:
    from cel_expr_python import cel  # type: ignore[import-untyped]  # it ships no py.typed

    anything = cel.Type.DYN
    of_map = cel.Overload(
        f"{ORDERED}map",
        return_type=cel.Type.List(anything),
        parameters=[cel.Type.Map(anything, anything)],
        is_member=True,
        impl=_keys_in_order,
    )
    of_list = cel.Overload(
        f"{ORDERED}list",
        return_type=cel.Type.List(anything),
        parameters=[cel.Type.List(anything)],
        is_member=True,
        impl=_same,
    )
    return cel.NewEnv(
        variables=dict.fromkeys(sorted(roots), anything),
        functions=[cel.FunctionDecl(ORDERED, [of_map, of_list])],
    )


def _keys_in_order(value: Any) -> Any:
    return sorted(_same(list(value)))


def _same(items: Any) -> Any:
    fault = input_fault(items)
    if fault is not None:
        raise ValueError(fault)
    return items


def _compiled(environment: Any, text: str, source: str, roots: frozenset[str]) -> Any:
    try:
        return environment.compile(text)
    except RuntimeError as error:
        faults = compile_faults(str(error), source, roots)
        raise Rejected(f"Expression {source!r}: {faults}.") from None


def reads_of(paths: tuple[Path, ...]) -> tuple[tuple[str, str], ...]:
    """Return `paths` as `Expression.reads` has them: a root and at most one field below it."""
    pairs = {
        (path[0], path[1] if len(path) > 1 and path[0] in FIELD_ROOTS else "") for path in paths
    }
    whole = {root for root, field in pairs if not field}
    return tuple(sorted(pair for pair in pairs if not pair[1] or pair[0] not in whole))


class CelExpression:
    """Evaluated by the library, on the values that it reads."""

    __slots__ = ("_compiled", "paths", "reads", "source")

    def __init__(self, source: str, compiled: Any, paths: tuple[Path, ...]) -> None:
        self.source, self._compiled, self.paths = source, compiled, paths
        self.reads = reads_of(paths)

    def evaluate(self, scope: Scope) -> Json:
        """Return the value on `scope`.

        Raises:
            ExpressionFailed: the values do not allow it, or the result is no JSON.
        """
        values = narrowed(scope, self.paths)
        fault = input_fault(values)
        if fault is not None:
            raise ExpressionFailed(source=self.source, found=fault)
        try:
            value = self._compiled.eval(data=values)
            kind, plain = value.type().name(), value.plain_value()
        except RuntimeError as error:
            raise ExpressionFailed(source=self.source, found=run_fault(str(error))) from None
        if kind == "ERROR" or kind == "UNKNOWN":
            raise ExpressionFailed(source=self.source, found=run_fault(str(plain)))
        try:
            return to_json(plain)
        except NotJson as error:
            raise ExpressionFailed(source=self.source, found=f"it gave {error}") from None


class PurePath:
    """A path and nothing else: looked up, not copied."""

    __slots__ = ("path", "reads", "source")

    def __init__(self, source: str, path: Path) -> None:
        self.source, self.path = source, path
        self.reads = reads_of((path,))

    def evaluate(self, scope: Scope) -> Json:
        """Return the very value that the path leads to.

        Raises:
            ExpressionFailed: it leads nowhere.
        """
        value: Any = scope
        for key in self.path:
            if type(value) is not dict and not isinstance(value, Mapping):
                found = f"there is no {key!r} in {_kind(value)}"
                raise ExpressionFailed(source=self.source, found=found)
            if key not in value:
                raise ExpressionFailed(
                    source=self.source, found=f"there is no {key!r} in the object"
                )
            value = value[key]
        fault = scalar_fault(value)
        if fault is not None:
            raise ExpressionFailed(source=self.source, found=fault)
        return value  # type: ignore[no-any-return]  # values of a scope are JSON


class Constant:
    """Plain JSON. The value is shared: nobody may change it."""

    __slots__ = ("reads", "source", "value")

    def __init__(self, source: str, value: Json) -> None:
        self.source, self.value = source, value
        self.reads: tuple[tuple[str, str], ...] = ()

    def evaluate(self, scope: Scope) -> Json:
        """Return the value."""
        return self.value


def _kind(value: object) -> str:
    if value is None:
        return "null"
    names: dict[type, str] = {bool: "a boolean", int: "a number", float: "a number"}
    names |= {str: "text", list: "a list"}
    return names.get(type(value), type(value).__name__)
