"""What an expression reads is found in its text, and nothing else is handed to it."""

import pytest

from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.cel.expressions import reads_of
from tenuto.adapters.cel.paths import narrowed, paths_in, with_ordered_macros
from tenuto.core.vocabulary import Json

ROOTS = frozenset({"inputs", "state", "outputs", "session", "item", "index", "output"})


@pytest.mark.parametrize(
    ("source", "reads"),
    [
        ("inputs.a + 1", [("inputs", "a")]),
        ("outputs.a.kind == 'x'", [("outputs", "a")]),
        ('state["findings"]', [("state", "findings")]),
        ("state['odd name'].x", [("state", "odd name")]),
        ("state", [("state", "")]),
        ("size(state)", [("state", "")]),
        ("'a' in state", [("state", "")]),
        ("state.a + state.b", [("state", "a"), ("state", "b")]),
        ("state.a == 1 || 'x' in state", [("state", "")]),
        ("state[inputs.name]", [("inputs", "name"), ("state", "")]),
        ("outputs.a.size()", [("outputs", "a")]),
        ("inputs.map(k, inputs[k])", [("inputs", "")]),
        ("item.name", [("item", "")]),
        ("item", [("item", "")]),
        ("index + 1", [("index", "")]),
        ("output.rows[0].name", [("output", "")]),
        ("has(state.x)", [("state", "x")]),
        (".state.x", [("state", "x")]),
        ("1 > 0 ? state.x : inputs.y", [("inputs", "y"), ("state", "x")]),
        ("{'state': inputs.x}", [("inputs", "x")]),
        ("{'a': 1}.state", []),
        ("inputs.state", [("inputs", "state")]),
        ("inputs.a.state.b", [("inputs", "a")]),
        ("'state.x'", []),
        ('"state.x" + inputs.y', [("inputs", "y")]),
        ("'it\\'s state.x' + inputs.y", [("inputs", "y")]),
        ("r'\\' + inputs.y", [("inputs", "y")]),
        ("'''state.x'''", []),
        ("inputs.y // state.x", [("inputs", "y")]),
        ("inputs.y + // state.x\n state.z", [("inputs", "y"), ("state", "z")]),
        ("inputs . y", [("inputs", "y")]),
        ("inputs.\n  y", [("inputs", "y")]),
        ("statement == 1 || mystate.x", []),
        # A variable that shadows a root counts as the root: too much is read, never too little.
        ("inputs.l.map(state, state.x)", [("inputs", "l"), ("state", "")]),
        ("[1, 2].map(x, x + inputs.n)", [("inputs", "n")]),
    ],
)
def test_the_paths_that_an_expression_reads(source: str, reads: list[tuple[str, str]]) -> None:
    found = reads_of(paths_in(source, ROOTS))

    assert list(found) == reads


@pytest.mark.parametrize("source", ["state.a.b + state.c", "item.name + 'x'", "'x' in inputs"])
def test_a_compiled_expression_tells_a_root_and_at_most_one_field(source: str) -> None:
    expression = CelExpressions().compile(source, roots=ROOTS)

    assert (
        expression.reads
        == {
            "state.a.b + state.c": (("state", "a"), ("state", "c")),
            "item.name + 'x'": (("item", ""),),
            "'x' in inputs": (("inputs", ""),),
        }[source]
    )


def test_only_what_is_read_is_handed_over_however_deep_it_lies() -> None:
    huge: list[Json] = list(range(1000))
    scope: dict[str, dict[str, Json]] = {
        "outputs": {"a": {"kind": "x", "rows": huge}, "b": huge},
        "state": {"n": 1, "huge": huge},
        "inputs": {"huge": huge},
    }

    narrow = narrowed(scope, paths_in("outputs.a.kind == 'x' && state.n == 1", ROOTS))

    assert narrow == {"outputs": {"a": {"kind": "x"}}, "state": {"n": 1}}


def test_a_path_that_leads_nowhere_hands_over_what_there_is() -> None:
    scope: dict[str, dict[str, Json]] = {"outputs": {"a": [1]}, "state": {}}

    narrow = narrowed(scope, paths_in("outputs.a.kind == state.n.x", ROOTS))

    assert narrow == {"outputs": {"a": [1]}, "state": {}}


def test_values_are_handed_over_as_they_are_and_never_copied() -> None:
    rows: list[Json] = [1, 2]

    narrow = narrowed({"state": {"rows": rows}}, paths_in("size(state.rows)", ROOTS))

    state = narrow["state"]
    assert isinstance(state, dict) and state["rows"] is rows


@pytest.mark.parametrize(
    ("source", "ordered"),
    [
        ("inputs.l.map(x, x)", "inputs.l.f().map(x, x)"),
        ("inputs.l . all ( x, x )", "inputs.l .f(). all ( x, x )"),
        ("inputs.a.filter(x, x.exists(y, y))", "inputs.a.f().filter(x, x.f().exists(y, y))"),
        ("inputs.map + inputs.filter", "inputs.map + inputs.filter"),
        ("'a.map(x, x)'", "'a.map(x, x)'"),
        ("size(inputs.l)", "size(inputs.l)"),
    ],
)
def test_macros_go_over_values_in_order(source: str, ordered: str) -> None:
    assert with_ordered_macros(source, "f") == ordered
