"""YAML and JSON texts as plain data, with the place of every part."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tenuto.adapters.yaml import parse_yaml
from tenuto.adapters.yaml.parse import DEPTH_MAX, LOCAL, SENT
from tenuto.core.errors import DefinitionError, Problem
from tenuto.core.vocabulary import Json


def problem_of(text: str) -> Problem:
    with pytest.raises(DefinitionError) as caught:
        parse_yaml(text, "flow.yaml")
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a", "a"),
        ("'1'", "1"),
        ('"1"', "1"),
        ("1", 1),
        ("-17", -17),
        ("+3", 3),
        ("0o17", 15),
        ("0x1F", 31),
        ("017", 17),
        ("1_000", "1_000"),
        ("1:30", "1:30"),
        ("1.5", 1.5),
        ("1.", 1.0),
        (".5", 0.5),
        ("1e3", 1000.0),
        ("1.10", 1.1),
        ("true", True),
        ("True", True),
        ("yes", "yes"),
        ("no", "no"),
        ("on", "on"),
        ("off", "off"),
        ("y", "y"),
        ("null", None),
        ("~", None),
        ("", None),
        ("# nothing", None),
        ("2026-01-31", "2026-01-31"),
        ("2026-01-31T09:00:00Z", "2026-01-31T09:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("=", "="),
        ("|\n  two\n  lines\n", "two\nlines\n"),
        (">\n  one\n  line\n", "one line\n"),
        ("[1, a, null, [true]]", [1, "a", None, [True]]),
        ("{a: 1, b: {c: 2}}", {"a": 1, "b": {"c": 2}}),
        ("- a\n- b\n", ["a", "b"]),
        ("a:\n  - 1\nb:\n", {"a": [1], "b": None}),
        ('"Gr\\u00fc\\u00dfe 👋"', "Grüße 👋"),
        ("--- a", "a"),
        ("a: &x {n: 1}\nb: *x", {"a": {"n": 1}, "b": {"n": 1}}),
        ("!!str 1", "1"),
    ],
)
def test_a_text_means_what_the_core_schema_of_yaml_1_2_says(text: str, value: Json) -> None:
    data, _ = parse_yaml(text)

    assert data == value
    assert type(data) is type(value)


@pytest.mark.parametrize(
    ("text", "line", "column", "said", "hint"),
    [
        ("a: [1", 1, 6, "no YAML", ""),
        ("a:\n\t- b", 2, 1, "no YAML", "spaces"),
        ("a: b: c", 1, 5, "no YAML", "colon"),
        ("a: *b", 1, 4, "no YAML", "begins with *"),
        ("a: 1\na: 2", 2, 1, "Key 'a' stands twice.", "Keep one"),
        ("{a: {b: 1, b: 2}}", 1, 12, "Key 'b' stands twice.", "Keep one"),
        ("1: a", 1, 1, "The key 1 is no text.", 'Quote it: "1".'),
        ("true: a", 1, 1, "The key true is no text.", 'Quote it: "true".'),
        ("? [a]\n: b", 1, 3, "A key must be text.", "Quote"),
        ("a: .inf", 1, 4, ".inf is no JSON number.", "Quote"),
        ("a: -.inf", 1, 4, "-.inf is no JSON number.", "Quote"),
        ("a: .NaN", 1, 4, ".NaN is no JSON number.", "Quote"),
        ("a: 9223372036854775808", 1, 4, "beyond 64 bits", "Quote"),
        ("a: 1e999", 1, 4, "too large", "Quote"),
        ("a: !secret x", 1, 4, "The tag '!secret' is not allowed.", ""),
        ("a: !!python/object:os.system x", 1, 4, "not allowed", ""),
        ("<<: {a: 1}", 1, 1, "Merge keys (<<) are not YAML 1.2.", "Write the keys out"),
        ("a: &x [*x]", 1, 4, "holds itself", ""),
        ("a: 1\n--- \nb: 2", 2, 1, "no YAML", ""),
    ],
)
def test_what_cannot_be_read_is_told_with_line_and_column(
    text: str, line: int, column: int, said: str, hint: str
) -> None:
    problem = problem_of(text)

    assert (problem.line, problem.column, problem.file) == (line, column, "flow.yaml")
    assert said in problem.message
    assert hint in problem.hint


@pytest.mark.slow
def test_a_text_that_is_too_long_or_too_deep_is_refused() -> None:
    assert "at most" in problem_of("a" * (LOCAL.chars_max + 1)).message
    assert "nested" in problem_of("[" * (DEPTH_MAX + 2) + "]" * (DEPTH_MAX + 2)).message
    assert "nested" in problem_of("a: " + "[" * 5_000 + "]" * 5_000).message


@pytest.mark.slow
def test_a_few_lines_cannot_grow_into_gigabytes() -> None:
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]

    assert "more than 1000000 values" in problem_of("\n".join(lines)).message


TEXT = """\
workflow: triage
graph:
  nodes:
    fetch:
      tool: http.get
      inputs: {url: "'x'", "odd key": 1}
  edges:
    - from: a
      to: b
    - {from: c,
       to: d}
"""


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ((), (1, 1)),
        (("workflow",), (1, 1)),
        (("graph",), (2, 1)),
        (("graph", "nodes", "fetch"), (4, 5)),
        (("graph", "nodes", "fetch", "tool"), (5, 7)),
        (("graph", "nodes", "fetch", "inputs", "odd key"), (6, 28)),
        (("graph", "edges", 0), (8, 7)),
        (("graph", "edges", 0, "to"), (9, 7)),
        (("graph", "edges", 1), (10, 7)),
        (("graph", "edges", 1, "to"), (11, 8)),
        (("graph", "nodes", "fetch", "timeout"), (4, 5)),
        (("graph", "edges", 7, "to"), (7, 3)),
        (("nothing",), (1, 1)),
    ],
)
def test_each_part_has_its_place_and_a_missing_one_that_of_what_lacks_it(
    path: tuple[str | int, ...], place: tuple[int, int]
) -> None:
    _, place_of = parse_yaml(TEXT)

    assert place_of(path) == place


def test_json_is_read_with_places_too() -> None:
    data, place_of = parse_yaml('{\n  "a": [1,\n    {"b": 2}]\n}')

    assert data == {"a": [1, {"b": 2}]}
    assert place_of(("a", 1, "b")) == (3, 6)


@pytest.mark.parametrize(
    ("text", "line"),
    [('{"a": 1,\n "a": 2}', 2), ('{"a":\n 9223372036854775808}', 2), ('{"a":\n [1,}', 2)],
)
def test_json_with_a_mistake_is_told_like_yaml(text: str, line: int) -> None:
    assert problem_of(text).line == line


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc", "Cn"]), max_size=10),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.text("abc -:#'", max_size=5), inner, max_size=3)
    ),
    max_leaves=10,
)


@given(JSON)
def test_whatever_json_holds_is_read_back_the_same(value: Json) -> None:
    text = json.dumps(value, ensure_ascii=False)

    # Behind a comment the text is read as YAML, and not by the short cut for JSON.
    assert parse_yaml(text)[0] == value
    assert parse_yaml(f"# yaml\n{text}")[0] == value


@given(st.text(max_size=60))
def test_any_text_is_either_read_or_refused_with_a_problem(text: str) -> None:
    try:
        parse_yaml(text)
    except DefinitionError as error:
        assert error.problems


def sent(text: str) -> Problem:
    with pytest.raises(DefinitionError) as caught:
        parse_yaml(text, "flow.yaml", SENT)
    assert len(caught.value.problems) == 1
    return caught.value.problems[0]


@pytest.mark.parametrize(
    "text",
    [
        "a: [" + "[]," * 15_000 + "]",
        "a:\n" + "- 1\n" * 30_000,
        "a: {" + "".join(f"k{n}: 1, " for n in range(12_000)) + "}",
        "a:\n" + "".join(f"- &a{n} 1\n" for n in range(15_000)),
        "a: &a 1\nb:\n" + "- *a\n" * 15_000,
    ],
)
def test_yaml_that_somebody_sent_has_a_bounded_number_of_parts(text: str) -> None:
    problem = sent(text)

    assert "more than 20000 marks, keys and values" in problem.message
    assert problem.line > 1 or problem.column > 1
    assert "as JSON" in problem.hint
    parse_yaml("a: 1", "flow.yaml", SENT)


@pytest.mark.parametrize("text", ["a: " + "x" * 200_000, "a: |\n" + "\n" * 200_000])
def test_yaml_that_somebody_sent_is_no_longer_than_json_may_be(text: str) -> None:
    assert "at most 200000 are allowed" in sent(text).message
    data = {"a": "x" * 300_000, "b": list(range(50_000))}
    assert parse_yaml(json.dumps(data), "flow.json", SENT)[0] == data


def test_aliases_that_multiply_are_stopped() -> None:
    names = "abcdefgh"
    text = "a: &a [1,1,1,1,1,1,1,1,1]\n" + "".join(
        f"{name}: &{name} [{','.join([f'*{before}'] * 9)}]\n" for before, name in pairwise(names)
    )

    assert "more than 100000 values" in sent(text).message


@pytest.mark.parametrize("text", ["a: " + "[" * 50_000, "- " * 50_000 + "a", "{" * 50_000])
def test_what_nests_without_end_is_refused_whoever_sends_it(text: str) -> None:
    assert "nested too deeply" in sent(text).message


def test_a_tag_without_end_is_not_told_whole() -> None:
    assert len(sent("a: !" + "x" * 100_000 + " 1").message) < 200


def test_json_that_is_too_much_for_yaml_has_paths_and_no_places() -> None:
    _, place = parse_yaml(json.dumps({"a": [1] * 30_000}), "flow.json", SENT)

    assert place(("a", 5)) == (0, 0)
