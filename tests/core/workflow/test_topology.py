"""The shape of a graph: cycles, the edges that close them, the tokens that a node waits for."""

from graphlib import CycleError, TopologicalSorter

import pytest
from hypothesis import given

from tenuto.core.workflow.model import WorkflowDefinition
from tenuto.core.workflow.topology import reachable, successors_of, topology_of
from tests.core.workflow.shapes import drawn, shapes


def test_a_line_has_no_cycle_and_each_node_waits_for_one_token() -> None:
    shape = topology_of(drawn("a > b", "b > c"))

    assert shape.cycles == ()
    assert shape.back_edges == frozenset()
    assert shape.forward_in == {"a": 1, "b": 1, "c": 1}


def test_a_node_behind_two_branches_waits_for_both() -> None:
    shape = topology_of(drawn("a > b c", "b > d", "c > d"))

    assert shape.forward_in["d"] == 2


def test_a_join_counts_as_one_edge_and_has_a_number() -> None:
    shape = topology_of(drawn("a > b c", "b+c > d", "b+a > d"))

    assert shape.forward_in["d"] == 2
    assert [(join.index, sorted(join.sources)) for join in shape.joins] == [
        (0, ["b", "c"]),
        (1, ["a", "b"]),
    ]


def test_a_switch_counts_once_per_target_however_many_cases_lead_there() -> None:
    shape = topology_of(drawn("a ? b | b | c | c", "b > d", "c > d"))

    assert shape.forward_in == {"a": 1, "b": 1, "c": 1, "d": 2}


def test_being_an_entry_counts_as_one_edge_from_outside() -> None:
    shape = topology_of(drawn("a > b", "b > c", entry="a b"))

    assert shape.forward_in == {"a": 1, "b": 2, "c": 1}


def test_the_edge_that_leads_back_closes_the_cycle() -> None:
    shape = topology_of(drawn("s > a", "a > b", "b ? a | end"))

    assert shape.back_edges == {("b", "a")}
    assert [(cycle.nodes, cycle.exits) for cycle in shape.cycles] == [(("a", "b"), (("b", "end"),))]
    assert (shape.cycle_of, shape.forward_in["a"]) == ({"a": 0, "b": 0}, 1)


def test_a_node_that_leads_to_itself_is_a_cycle() -> None:
    shape = topology_of(drawn("a ? a | b"))

    assert shape.cycles[0].nodes == ("a",)
    assert shape.back_edges == {("a", "a")}
    assert shape.forward_in == {"a": 1, "b": 1}


def test_inside_a_cycle_only_the_edges_of_the_cycle_are_counted() -> None:
    # `b` is entered from outside as well; a wave brings it one token, from `a`.
    shape = topology_of(drawn("s > a b", "a > b", "b ? a | end"))

    assert shape.forward_in["b"] == 1
    assert shape.inner_edges == {"b"}


def test_branches_within_a_cycle_meet_within_it() -> None:
    shape = topology_of(drawn("s > a", "a > b c", "b > d", "c > d", "d ? a | end"))

    assert shape.forward_in["d"] == 2
    assert shape.inner_edges == {"b", "c", "d"}


def test_a_join_leaves_a_cycle_when_all_its_targets_lie_outside() -> None:
    shape = topology_of(drawn("s > a o", "a > b", "b ? a | -", "b+o > end"))

    assert shape.cycles[0].exits == (("b", ">0"),)


def test_two_cycles_are_told_apart() -> None:
    shape = topology_of(drawn("a > b", "b ? a | c", "c > d", "d ? c | e"))

    assert [cycle.nodes for cycle in shape.cycles] == [("a", "b"), ("c", "d")]
    assert [cycle.exits for cycle in shape.cycles] == [(("b", "c"),), (("d", "e"),)]


def test_a_cycle_within_a_cycle_is_one() -> None:
    shape = topology_of(drawn("a > b", "b > c", "c ? b | d", "d ? a | e"))

    assert [cycle.nodes for cycle in shape.cycles] == [("a", "b", "c", "d")]
    assert shape.back_edges == {("c", "b"), ("d", "a")}


@pytest.mark.slow
def test_ten_thousand_nodes_in_one_circle_are_no_trouble() -> None:
    lines = [f"n{n} > n{n + 1}" for n in range(9_999)]

    shape = topology_of(drawn(*lines, "n9999 > n0"))

    assert len(shape.cycles[0].nodes) == 10_000
    assert shape.back_edges == {("n9999", "n0")}


@given(shapes())
def test_without_its_back_edges_a_graph_has_no_cycle(definition: WorkflowDefinition) -> None:
    shape = topology_of(definition)
    forward = {
        name: [target for target in targets if (name, target) not in shape.back_edges]
        for name, targets in shape.graph.items()
    }

    try:
        TopologicalSorter(forward).prepare()
    except CycleError as error:
        raise AssertionError(f"still a cycle: {error.args[1]}") from None


@given(shapes())
def test_two_nodes_are_in_one_cycle_when_each_leads_to_the_other(
    definition: WorkflowDefinition,
) -> None:
    shape = topology_of(definition)
    after = {name: reachable(shape.graph, [name]) for name in shape.graph}

    for one in shape.graph:
        for other in shape.graph:
            together = other in after[one] and one in after[other]
            same = shape.cycle_of.get(one, -1) == shape.cycle_of.get(other, -2)
            assert together == same


@given(shapes())
def test_back_edges_stay_within_a_cycle_and_exits_leave_it(definition: WorkflowDefinition) -> None:
    shape = topology_of(definition)

    for source, target in shape.back_edges:
        assert target in shape.graph[source]
        assert shape.cycle_of[source] == shape.cycle_of[target]
    for cycle in shape.cycles:
        for source, target in cycle.exits:
            assert source in cycle.nodes
            if target.startswith(">"):
                join = shape.joins[int(target[1:])]
                assert source in join.sources
                assert not set(join.targets) & set(cycle.nodes)
            else:
                assert target in shape.graph[source]
                assert target not in cycle.nodes


@given(shapes())
def test_a_node_that_can_be_reached_waits_for_at_least_one_token(
    definition: WorkflowDefinition,
) -> None:
    shape = topology_of(definition)
    graph = successors_of(definition)
    reached = reachable(graph, definition.entry) | set(definition.entry)

    assert all(shape.forward_in[name] >= 1 for name in reached)
    assert all(
        shape.forward_in[name] <= len(definition.edges) + len(definition.switches) + 1
        for name in shape.graph
    )


@given(shapes())
def test_the_shape_is_the_same_each_time(definition: WorkflowDefinition) -> None:
    assert topology_of(definition) == topology_of(definition)
