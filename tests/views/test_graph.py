"""A workflow as a graph to draw."""

import tenuto
from tenuto.views.graph import graph_of


def drawn() -> tenuto.Workflow:
    clerk = tenuto.Agent("clerk")
    flow = tenuto.Workflow("shapes")
    flow.node("sort", agent=clerk)
    flow.node("each", map="[1, 2]", do=tenuto.body(agent=clerk))
    flow.node("end", approval='Done "well" | <b>?')
    flow.node("other", wait="go")
    flow.node("last", timer="1s", run_if="true")
    flow.switch("sort", [("1 < 2", "each")], default="other")
    flow.edge("each", "end")
    flow.edge(["end", "other"], "last")
    return flow


def test_nodes_edges_joins_and_cases_are_told_apart() -> None:
    graph = graph_of(drawn().definition())

    assert graph.entry == ("sort",)
    kinds = {(node.id, node.kind, node.ref, node.body) for node in graph.nodes}
    assert ("sort", "agent", "clerk", "") in kinds
    assert ("each", "map", "clerk", "agent") in kinds
    edges = [(edge.source, edge.to, edge.kind, edge.label) for edge in graph.edges]
    assert edges == [
        ("each", "end", "plain", ""),
        ("end", "last", "join", ""),
        ("other", "last", "join", ""),
        ("sort", "each", "case", "1 < 2"),
        ("sort", "other", "default", ""),
    ]
    assert len({edge.group for edge in graph.edges if edge.kind == "join"}) == 1


def test_the_drawing_has_ids_of_its_own_and_labels_that_cannot_end_early() -> None:
    text = graph_of(drawn().definition()).mermaid

    assert text.splitlines()[0] == "flowchart TD"
    assert '  n2[/"Done #34;well#34; #124; #60;b#62;?"/]' in text
    assert "  start --> n0" in text
    assert '  n0 -->|"1 #60; 2"| n1' in text
    assert '  n0 -->|"else"| n3' in text
    assert "end" not in text.replace("#", "")


def test_a_long_condition_is_cut_and_a_switch_without_default_ends_there() -> None:
    flow = tenuto.Workflow("long")
    flow.node("a", wait="x").node("b", wait="y")
    flow.switch("a", [(" && ".join(["true"] * 40), "b")])

    graph = graph_of(flow.definition())

    assert [edge.kind for edge in graph.edges] == ["case"]
    assert "…" in graph.mermaid or "#8230;" in graph.mermaid
