"""Definitions drawn as lines: `a > b c` is an edge, `a+b > c` a join, `a ? b | c` a switch."""

from hypothesis import strategies as st

from tenuto.core.workflow.model import Case, Edge, Node, Switch, WorkflowDefinition


def drawn(*lines: str, entry: str = "") -> WorkflowDefinition:
    """Return the definition that `lines` draw; `-` as the last option of a switch is no default."""
    edges: list[Edge] = []
    switches: list[Switch] = []
    names: dict[str, None] = {}
    for line in lines:
        if "?" in line:
            source, _, rest = line.partition("?")
            *cases, default = [option.strip() for option in rest.split("|")]
            made = tuple(Case(condition="true", target=target) for target in cases)
            names.update(dict.fromkeys([source.strip(), *cases]))
            if default != "-":
                names[default] = None
            switches.append(
                Switch(
                    source=source.strip(),
                    cases=made,
                    default=default if default != "-" else None,
                )
            )
        elif ">" in line:
            left, _, right = line.partition(">")
            sources = tuple(name.strip() for name in left.split("+"))
            targets = tuple(right.split())
            names.update(dict.fromkeys([*sources, *targets]))
            edges.append(Edge(sources=sources, targets=targets))
        else:
            names.update(dict.fromkeys(line.split()))
    first = tuple(entry.split()) or (next(iter(names)),)
    return WorkflowDefinition(
        name="drawn",
        nodes=tuple(Node(id=name, kind="function", ref="m:f") for name in names),
        edges=tuple(edges),
        switches=tuple(switches),
        entry=first,
    )


@st.composite
def shapes(draw: st.DrawFn) -> WorkflowDefinition:
    """Return a graph of up to eight nodes, with joins and switches, connected or not."""
    count = draw(st.integers(1, 8))
    names = [f"n{n}" for n in range(count)]
    name = st.sampled_from(names)
    several = st.lists(name, min_size=1, max_size=3, unique=True)
    edges = draw(
        st.lists(st.builds(lambda s, t: Edge(sources=tuple(s), targets=tuple(t)), several, several))
    )
    cases = st.lists(
        st.builds(lambda target: Case(condition="true", target=target), name),
        min_size=1,
        max_size=3,
    )
    switches = draw(
        st.lists(
            st.builds(
                lambda source, found, default: Switch(
                    source=source, cases=tuple(found), default=default
                ),
                name,
                cases,
                st.none() | name,
            ),
            max_size=3,
        )
    )
    return WorkflowDefinition(
        name="shape",
        nodes=tuple(Node(id=found, kind="function", ref="m:f") for found in names),
        edges=tuple(edges),
        switches=tuple(switches),
        entry=tuple(draw(st.lists(name, min_size=1, max_size=2, unique=True))),
    )
