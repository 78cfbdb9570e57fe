"""The evaluator behind the core's interface: what it refuses, and the short cuts it takes."""

import subprocess
import sys
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.cel import CelExpressions
from tenuto.adapters.cel.expressions import CelExpression, Constant, PurePath
from tenuto.adapters.cel.paths import paths_in, pure_path, with_ordered_macros
from tenuto.adapters.cel.results import ORDERED, input_fault
from tenuto.core import limits
from tenuto.core.errors import ExpressionFailed, Rejected
from tenuto.core.vocabulary import Json
from tests.adapters.cel.test_conformance import CASES, SCOPE, same

ROOTS = frozenset({"inputs", "state", "outputs", "session"})


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("inputs.", "at 8: no viable alternative"),
        ("oops + 1", "unknown name 'oops'; what can be read here: inputs, outputs, session, state"),
        ("1 +\n oops", "at 2:2: unknown name 'oops'"),
        ("now()", "there is no function 'now'"),
        ("1 + 'a'", "operator '+' does not work on (int, string)"),
        ("inputs.a = 1", "a single '=' means nothing; equality is '=='"),
        ("1" + "+1" * 40, "it is nested too deeply"),
        ("inputs.l.in_order_()", "the name 'in_order_' is taken"),
        ("  ", "is empty"),
        ("'" + "a" * limits.EXPRESSION_CHARS_MAX + "' + ''", "at most 10000 are allowed"),
    ],
)
def test_what_does_not_compile_is_refused_in_words(source: str, said: str) -> None:
    with pytest.raises(Rejected) as caught:
        CelExpressions().compile(source, roots=ROOTS)

    assert said in str(caught.value)
    assert "INVALID_ARGUMENT" not in str(caught.value)


@pytest.mark.parametrize(
    ("source", "said"),
    [
        ("inputs.absent + 1", "there is no 'absent' in the object"),
        ("inputs.absent", "there is no 'absent' in the object"),
        ("inputs.one.x", "there is no 'x' in a number"),
        ("inputs.nothing.x.y", "there is no 'x' in null"),
        ("inputs.one / 0", "divide by zero"),
        ("inputs.name + inputs.one", "operator '+' does not work on (string, int64)"),
        ("inputs.one ? 1 : 2", "a condition is neither true nor false"),
        ("inputs.one.map(x, x)", "a macro goes over a list or the keys of an object, found int64"),
        ("b'x'", "it gave bytes; wrap them in string(…)"),
        ("timestamp(0)", "it gave a timestamp; wrap it in string(…)"),
        ("duration('1s')", "it gave a duration; wrap it in string(…)"),
        ("type(1)", "it gave a type"),
        ("18446744073709551615u", "beyond 64 bits"),
        ("[0.0 / 0.0]", "nan, which is no JSON number"),
        ("{1: 2}", "an object with the key 1; keys must be text"),
    ],
)
def test_what_cannot_be_evaluated_fails_in_words(source: str, said: str) -> None:
    expression = CelExpressions().compile(source, roots=ROOTS)

    with pytest.raises(ExpressionFailed) as caught:
        expression.evaluate(SCOPE)

    assert said in str(caught.value)
    assert caught.value.source == source


@pytest.mark.parametrize("value", [2**63, -(2**63) - 1, float("nan"), float("inf")])
def test_a_number_that_is_no_json_is_not_passed_on(value: float) -> None:
    for source in ("inputs.x", "[inputs.x]"):
        with pytest.raises(ExpressionFailed):
            CelExpressions().compile(source, roots=ROOTS).evaluate({"inputs": {"x": value}})


@pytest.mark.parametrize("source", ["size(inputs.x)", "[inputs.x]", "inputs", "inputs.y[0]"])
def test_a_text_that_the_library_would_cut_short_is_refused(source: str) -> None:
    scope: dict[str, dict[str, Json]] = {"inputs": {"x": "a\0b", "y": [{"k\0": 1}]}}

    with pytest.raises(ExpressionFailed, match="NUL character"):
        CelExpressions().compile(f"dyn({source})", roots=ROOTS).evaluate(scope)


def test_a_text_that_only_looks_like_one_is_taken() -> None:
    expression = CelExpressions().compile("inputs.x + '!'", roots=ROOTS)

    assert expression.evaluate({"inputs": {"x": "\\u0000"}}) == "\\u0000!"
    assert CelExpressions().compile("['a\\x00b'][0]", roots=ROOTS).evaluate({}) == "a\0b"


def test_macros_over_more_than_ten_thousand_elements_fail_and_say_so() -> None:
    expression = CelExpressions().compile("inputs.l.all(x, x >= 0)", roots=ROOTS)

    assert expression.evaluate({"inputs": {"l": list(range(9_000))}}) is True
    with pytest.raises(ExpressionFailed, match="more than 10000 elements"):
        expression.evaluate({"inputs": {"l": list(range(10_001))}})


def test_a_text_compiles_once_per_set_of_roots() -> None:
    expressions = CelExpressions()

    first = expressions.compile("inputs.a + 1", roots=ROOTS)

    assert expressions.compile("inputs.a + 1", roots=ROOTS) is first
    assert expressions.compile("inputs.a + 1", roots=frozenset({"inputs"})) is not first


@pytest.mark.parametrize("source", ["item.x", "item", "item + 1"])
def test_a_name_of_another_place_is_refused_here(source: str) -> None:
    with pytest.raises(Rejected, match="unknown name 'item'"):
        CelExpressions().compile(source, roots=ROOTS)


def test_a_path_gives_the_very_value() -> None:
    rows: list[Json] = [1]
    expression = CelExpressions().compile("state.rows", roots=ROOTS)

    assert isinstance(expression, PurePath)
    assert expression.evaluate({"state": {"rows": rows}}) is rows


@pytest.mark.parametrize(
    "source",
    ["inputs.for", "inputs.a.b['c d'].e", "state", "outputs['a'].b", "( inputs.a )", "inputs.in"],
)
def test_a_short_cut_is_taken_for_paths_only(source: str) -> None:
    taken = pure_path(source, ROOTS) is not None

    assert taken == (source not in ("( inputs.a )", "inputs.in"))


@pytest.mark.parametrize(
    ("source", "value"),
    [
        ('{"b": 1, "a": [1.5, null, true, "x"]}', {"b": 1, "a": [1.5, None, True, "x"]}),
        ('"a\\n\\u00e9"', "a\né"),
        ("-0", 0),
        ("1e3", 1000.0),
        ("[[[[]]]]", [[[[]]]]),
    ],
)
def test_plain_json_is_a_constant_that_keeps_its_order(source: str, value: Json) -> None:
    expression = CelExpressions().compile(source, roots=ROOTS)

    assert isinstance(expression, Constant)
    assert same(expression.evaluate({}), value)
    if isinstance(value, dict):
        assert list(expression.evaluate({})) == list(value)  # type: ignore[arg-type]


def test_plain_json_may_be_nested_deeper_than_the_language_allows() -> None:
    expression = CelExpressions().compile("[" * 80 + "]" * 80, roots=ROOTS)

    assert isinstance(expression, Constant)


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]), max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "k", "n", "z z"]), inner, max_size=3)
    ),
    max_leaves=8,
)
SCOPES = st.fixed_dictionaries(
    {
        "inputs": st.dictionaries(st.sampled_from(["a", "b", "k"]), JSON, max_size=3),
        "state": st.dictionaries(st.sampled_from(["a", "b", "n"]), JSON, max_size=3),
        "outputs": st.dictionaries(st.sampled_from(["a", "b"]), JSON, max_size=2),
        "session": st.just({"id": "s-1"}),
    }
)
PATHS = st.builds(
    lambda root, keys: root + "".join(keys),
    st.sampled_from(["inputs", "state", "outputs"]),
    st.lists(st.sampled_from([".a", ".b", ".k", "['n']", '["z z"]', ".size()", "[0]"]), max_size=3),
)
SOURCES = st.one_of(
    PATHS,
    st.builds("{} == {}".format, PATHS, PATHS),
    st.builds("has({}.a) ? {} : {}".format, PATHS, PATHS, st.just("dyn(null)")),
    st.builds("[{}, {}]".format, PATHS, PATHS),
    st.builds("{}.exists(x, x == {})".format, PATHS, PATHS),
    st.builds("{}.map(x, [x, {}])".format, PATHS, PATHS),
    st.builds("{} in {}".format, PATHS, PATHS),
    st.builds("size({}) + {}".format, PATHS, PATHS),
)


def outcome(expression: Any, scope: Any) -> object:
    try:
        return expression.evaluate(scope)
    except ExpressionFailed as error:
        return str(error)


@given(SOURCES, SCOPES)
def test_what_is_read_is_enough(source: str, scope: dict[str, Any]) -> None:
    expressions = CelExpressions()
    try:
        narrow = expressions.compile(source, roots=ROOTS)
    except Rejected:
        return
    if input_fault(scope) is not None:
        return
    whole_paths = tuple((root,) for root in sorted(ROOTS))
    environment = expressions._environment(ROOTS)
    compiled = environment.compile(with_ordered_macros(source, ORDERED))
    wide = CelExpression(source, compiled, whole_paths)

    on_narrow, on_wide = outcome(narrow, scope), outcome(wide, scope)

    if isinstance(on_wide, str) and on_wide.startswith("Expression "):
        assert isinstance(on_narrow, str) and on_narrow.startswith("Expression ")
    else:
        assert same(on_narrow, on_wide)


@given(PATHS, SCOPES)
def test_the_short_cut_for_paths_gives_what_the_language_gives(
    source: str, scope: dict[str, Any]
) -> None:
    expressions = CelExpressions()
    try:
        quick = expressions.compile(source, roots=ROOTS)
    except Rejected:
        return
    compiled = expressions._environment(ROOTS).compile(source)
    slow = CelExpression(source, compiled, paths_in(source, ROOTS))
    if input_fault(scope) is not None:
        # The short cut takes what the library cannot: nothing is lost by that.
        return

    on_quick, on_slow = outcome(quick, scope), outcome(slow, scope)

    if isinstance(on_slow, str) and on_slow.startswith("Expression "):
        assert isinstance(on_quick, str) and on_quick.startswith("Expression ")
    else:
        assert same(on_quick, on_slow)


@given(JSON)
def test_a_literal_means_the_same_as_a_constant_and_in_the_language(value: Json) -> None:
    source = msgspec.json.encode(value).decode()
    expressions = CelExpressions()

    quick = expressions.compile(source, roots=ROOTS)
    slow = CelExpression(source, expressions._environment(ROOTS).compile(source), ())

    assert same(quick.evaluate({}), value)
    assert same(slow.evaluate({}), value)


def test_the_order_of_keys_is_the_same_in_every_process() -> None:
    # The library orders the keys of an object anew in each process.
    script = (
        "from tenuto.adapters.cel import CelExpressions as C\n"
        "c, r = C(), frozenset({'inputs'})\n"
        "s = {'inputs': {'m': {k: 1 for k in 'qwertyuiop'}}}\n"
        "for t in ('inputs.m.map(k, k)', \"{'z': 1, 'b': 2, 'y': 3, 'a': 4}\",\n"
        "          'inputs.m.filter(k, true)', '[inputs.m]'):\n"
        "    print(c.compile(t, roots=r).evaluate(s))\n"
    )

    printed = {
        subprocess.run(
            [sys.executable, "-c", script], capture_output=True, text=True, check=True
        ).stdout
        for _ in range(4)
    }

    assert len(printed) == 1


def test_no_expression_of_the_table_reaches_past_what_it_reads() -> None:
    expressions = CelExpressions()
    roots = frozenset({"inputs", "state"})

    for _, source, _ in CASES:
        try:
            expression = expressions.compile(source, roots=roots)
        except Rejected:
            continue
        assert all(root in roots for root, _ in expression.reads)
