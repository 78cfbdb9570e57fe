"""Mistakes as people make them, each with the line it is found in and what is said about it."""

from typing import NamedTuple


class Mistake(NamedTuple):
    """A text with one mistake: where it is (0: anywhere), words of the message, words of the
    hint."""

    name: str
    text: str
    line: int
    said: str
    hint: str = ""


def graph(nodes: str, rest: str = "") -> str:
    """Return a workflow of some nodes; the first stands in line 6, `rest` follows them."""
    return (
        "workflow: w\n"
        "state: {found: extend, last: replace}\n"
        "agents: {clerk: {}}\n"
        "graph:\n"
        "  nodes:\n"
        f"{indented(nodes, 4)}"
        f"{indented(rest, 2)}"
    )


def tasks(tasks: str, rest: str = "") -> str:
    """Return a workflow of some tasks; the first stands in line 4."""
    return f"id: w\ninputs: {{text: string}}\ntasks:\n{indented(tasks, 2)}{rest}"


def indented(text: str, width: int) -> str:
    """Return the lines of `text`, each moved in."""
    return "".join(f"{' ' * width}{line}\n" for line in text.splitlines() if line.strip())


A_AND_B = 'a: {function: "m:f"}\nb: {function: "m:f"}'
A_TO_D = A_AND_B + '\nc: {function: "m:f"}\nd: {function: "m:f"}'
X_AND_Y = (
    '- {id: x, type: function, function_id: "m:f"}\n- {id: y, type: function, function_id: "m:f"}'
)

OF_YAML = [
    Mistake("a tab", "workflow: w\ngraph:\n\tnodes: {}", 3, "no YAML", "spaces"),
    Mistake("a colon in a text", "workflow: w: x", 1, "no YAML", "Quote a text"),
    Mistake("an open bracket", "workflow: [w", 1, "no YAML"),
    Mistake(
        "a key twice", "workflow: w\nversion: '1'\nversion: '2'", 3, "stands twice", "Keep one"
    ),
    Mistake(
        "a number as key", "workflow: w\nstate: {1: append}", 2, "key 1 is no text", "Quote it"
    ),
    Mistake("not a number", "workflow: w\nlimits: {steps: .nan}", 2, "no JSON number", "Quote it"),
    Mistake("a merge key", "workflow: w\n<<: {a: 1}", 2, "Merge keys", "Write the keys out"),
    Mistake("a tag", "workflow: !secret w", 1, "tag", ""),
    Mistake("an alias of nothing", "workflow: *w", 1, "no YAML", "begins with *"),
]

OF_THE_WORKFLOW = [
    Mistake("nothing", "", 1, "A workflow is an object", "workflow: name"),
    Mistake("a list", "- a\n- b", 1, "found a list of 2", "workflow: name"),
    Mistake("neither form", "name: w\nsteps: []", 1, "neither a graph nor tasks", "Write graph"),
    Mistake("both forms", graph(A_AND_B) + "tasks: []", 8, "two forms", "Keep"),
    Mistake("no name", graph(A_AND_B).replace("workflow: w\n", ""), 1, "'workflow' is missing"),
    Mistake("an empty name", graph(A_AND_B).replace(": w", ": ''"), 1, "must be text"),
    Mistake("a wrong key", graph(A_AND_B) + "vesion: '2'", 8, "'vesion'", "'version'"),
    Mistake(
        "a version like 1.0", graph(A_AND_B) + "version: 1.0", 8, "found 1.0", 'version: "1.0"'
    ),
    Mistake("no nodes", "workflow: w\ngraph: {edges: []}", 2, "'nodes' is missing", "Write nodes"),
    Mistake("no graph", "workflow: w", 1, "'graph' is missing", "Write graph"),
    Mistake("an empty list of nodes", "workflow: w\ngraph: {nodes: {}}", 2, "has no nodes"),
    Mistake("nodes in a list", "workflow: w\ngraph: {nodes: [a]}", 2, "found a list of 1"),
    Mistake(
        "an unknown reducer",
        graph(A_AND_B).replace("extend", "extnd"),
        2,
        "no reducer 'extnd'",
        "'extend'",
    ),
    Mistake(
        "an initial value that does not fit",
        graph(A_AND_B).replace("extend", "{reducer: extend, initial: 0}"),
        2,
        "begins with 0; it must be a list",
        "an empty list",
    ),
    Mistake(
        "a state key with a value only",
        graph(A_AND_B).replace("extend", "0"),
        2,
        "has a reducer, found 0",
        "{reducer: replace, initial: 0}",
    ),
    Mistake(
        "a state key without a reducer",
        graph(A_AND_B).replace("extend", "{initial: 0}"),
        2,
        "'reducer' is missing",
        "one of",
    ),
    Mistake("a wrong type of input", graph(A_AND_B) + "inputs: {n: int}", 8, "'int'", "integer"),
    Mistake("no limit", graph(A_AND_B) + "limits: {steps: 0}", 8, "from 1 to"),
    Mistake("a wrong limit", graph(A_AND_B) + "limits: {stps: 9}", 8, "'stps'", "'steps'"),
    Mistake(
        "a wrong on_failure", graph(A_AND_B) + "on_failure: compensat", 8, "one of", "'compensate'"
    ),
    Mistake("an output of values", graph(A_AND_B) + "output: {a: 1}", 8, "an expression", "'a':"),
    Mistake(
        "an output that reads nothing",
        graph(A_AND_B) + "output: outputs.c",
        8,
        "there is no node 'c'",
        "Known are: a, b",
    ),
    Mistake(
        "an agent with a wrong key",
        graph(A_AND_B).replace("clerk: {}", "clerk: {modle: offline}"),
        3,
        "'modle'",
        "'model'",
    ),
    Mistake(
        "an agent without turns",
        graph(A_AND_B).replace("clerk: {}", "clerk: {turns_max: 0}"),
        3,
        "from 1 to",
    ),
    Mistake(
        "a child with a mistake",
        graph(A_AND_B) + "workflows:\n  kid:\n    graph: {nodes: {x: {fnction: 'm:f'}}}",
        10,
        "'fnction'",
        "'function'",
    ),
]

OF_THE_WORKFLOW += [
    Mistake(
        "a child with two names",
        graph(A_AND_B)
        + "workflows:\n  kid:\n    workflow: boy\n    graph: {nodes: {x: {tool: t}}}",
        10,
        "called 'kid' above, and 'boy' here",
    ),
    Mistake("an empty child", graph(A_AND_B) + "workflows:\n  kid: {}", 9, "neither a graph nor"),
    Mistake("a graph in a list", "workflow: w\ngraph: []", 2, "found an empty list"),
    Mistake("edges in a text", graph(A_AND_B, "edges: a -> b"), 8, "must be a list"),
    Mistake(
        "an agent that is no object",
        graph("a: {agent: clerk}").replace("clerk: {}", "clerk: offline"),
        3,
        "found 'offline'",
    ),
    Mistake(
        "a state key with a space",
        graph(A_AND_B).replace("found:", "to find:"),
        2,
        "'to find' is no name of a state key",
        "letters",
    ),
]

OF_NODES = [
    Mistake("a body that is no object", graph("a:\n  map: '[1]'\n  do: m:f"), 8, "found 'm:f'"),
    Mistake("updates in a list", graph("a:\n  tool: t\n  updates: [x]"), 8, "an object of keys"),
    Mistake("a retry in words", graph("a:\n  tool: t\n  retry: often"), 8, "a number of attempts"),
    Mistake("too much jitter", graph("a:\n  tool: t\n  retry: {jitter: 3}"), 8, "from 0 to 1"),
    Mistake("a timeout in a list", graph("a:\n  tool: t\n  timeout: [5]"), 8, "a duration"),
    Mistake("an unknown keyword", graph('a: {fuction: "m:f"}'), 6, "'fuction'", "'function'"),
    Mistake("no keyword", graph("a: {inputs: {}}"), 6, "does not say what it does", "one of"),
    Mistake("two keywords", graph('a: {function: "m:f", tool: t}'), 6, "two things", "two nodes"),
    Mistake(
        "a keyword without value", graph("a:\n  agent:"), 7, "'agent' of node 'a' has no value"
    ),
    Mistake("a node that is no object", graph("a: m:f"), 6, "found 'm:f'"),
    Mistake("a wrong key", graph('a:\n  function: "m:f"\n  imputs: {}'), 8, "'imputs'", "'inputs'"),
    Mistake("an unknown agent", graph("a: {agent: clark}"), 6, "no agent 'clark'", "'clerk'"),
    Mistake("a function without module", graph("a: {function: f}"), 6, "no function", "module:"),
    Mistake(
        "a name with a dot", graph('a.do: {function: "m:f"}'), 6, "no name of a node", "letters"
    ),
    Mistake(
        "a name that is too long", graph(f'{"a" * 201}: {{function: "m:f"}}'), 6, "at most 200"
    ),
    Mistake(
        "an if on a body",
        graph(
            """
        a:
          map: inputs.l
          do:
            function: "m:f"
            if: "true"
        """.replace("        ", "")
        ),
        10,
        "cannot have 'if'",
        "map's list",
    ),
    Mistake(
        "updates in a body of a map",
        graph("a:\n  map: inputs.l\n  do:\n    function: 'm:f'\n    updates: {found: output}"),
        10,
        "cannot update the state",
        "the map itself",
    ),
    Mistake("a map without do", graph("a: {map: inputs.l}"), 6, "'do' is missing", "do:"),
    Mistake(
        "a map in a map",
        graph("a:\n  map: inputs.l\n  do: {map: item, do: {function: 'm:f'}}"),
        8,
        "cannot be the body",
        "a workflow of its own",
    ),
    Mistake("a loop without end", graph("a: {loop: {function: 'm:f'}}"), 6, "has no end", "while:"),
    Mistake("a retry of a timer", graph("a:\n  timer: 5m\n  retry: 3"), 8, "cannot have 'retry'"),
    Mistake(
        "a retry of an agent",
        graph("a:\n  agent: clerk\n  retry: 3"),
        8,
        "'retry'",
        "by themselves",
    ),
    Mistake("too many attempts", graph("a: {function: 'm:f', retry: 1000}"), 6, "from 1 to 100"),
    Mistake(
        "a wrong backoff",
        graph("a:\n  function: 'm:f'\n  retry: {backoff: exponental}"),
        8,
        "one of exponential, fixed",
        "'exponential'",
    ),
    Mistake("a timeout in words", graph("a:\n  tool: t\n  timeout: soon"), 8, "a duration", '"5m"'),
    Mistake("a timeout of zero", graph("a:\n  tool: t\n  timeout: 0"), 8, "a duration", '"5m"'),
    Mistake("once in words", graph("a:\n  tool: t\n  once: yes"), 8, "true or false, found 'yes'"),
    Mistake("once on a wait", graph("a:\n  wait: s\n  once: true"), 8, "'once'", "tool, function"),
    Mistake("a negative timer", graph("a: {timer: -5}"), 6, "0 or more"),
    Mistake(
        "a wrong expiry", graph("a: {approval: t, on_expiry: aprove}"), 6, "one of", "'approve'"
    ),
    Mistake(
        "an update of no key",
        graph("a:\n  function: 'm:f'\n  updates: {fund: output}"),
        8,
        "no state key 'fund'",
        "'found'",
    ),
    Mistake(
        "an empty input", graph("a:\n  tool: t\n  inputs: {x: ''}"), 8, "an expression", "empty"
    ),
    Mistake("inputs in a list", graph("a:\n  tool: t\n  inputs: [x]"), 8, "an object of keys"),
    Mistake("zero at once", graph("a: {map: '[1]', do: {tool: t}, concurrency: 0}"), 6, "from 1"),
]

OF_EDGES = [
    Mistake(
        "an edge from a number", graph(A_AND_B, "edges:\n  - {from: 3, to: b}"), 9, "a name or"
    ),
    Mistake(
        "a switch of nothing",
        graph(A_AND_B, "conditional_edges:\n  - conditions: [{if: 'true', then: b}]"),
        9,
        "'from' is missing",
    ),
    Mistake("one parallel node", graph(A_AND_B, "parallel_nodes: 3"), 8, "a list of node names"),
    Mistake(
        "an edge to nowhere",
        graph(A_AND_B, "edges:\n  - {from: a, to: bb}"),
        9,
        "no node 'bb'",
        "Did you mean 'b'?",
    ),
    Mistake("an edge without end", graph(A_AND_B, "edges:\n  - {from: a}"), 9, "'to' is missing"),
    Mistake("an edge in a text", graph(A_AND_B, "edges:\n  - a -> b"), 9, "found 'a -> b'"),
    Mistake(
        "an edge with a wrong key",
        graph(A_AND_B, "edges:\n  - {from: a, to: b, wenn: x}"),
        9,
        "Edge 1 cannot have 'wenn'",
    ),
    Mistake(
        "one edge twice",
        graph(A_AND_B, "edges:\n  - {from: a, to: b}\n  - {from: a, to: b}"),
        10,
        "two edges",
        "run twice",
    ),
    Mistake(
        "a join with one source twice",
        graph(A_AND_B, "edges:\n  - {from: [a, a], to: b}"),
        9,
        "waits for 'a' twice",
    ),
    Mistake(
        "a node that nothing leads to",
        graph(A_AND_B, "entry: a"),
        7,
        "'b' cannot be reached",
        "Lead an edge",
    ),
    Mistake(
        "an unknown entry", graph(A_AND_B, "entry: A1"), 8, "no node 'A1'", "Did you mean 'a'?"
    ),
    Mistake(
        "a switch without cases",
        graph(A_AND_B, "conditional_edges:\n  - {from: a, conditions: [{else: b}]}"),
        9,
        "nothing to choose",
        "a plain edge",
    ),
    Mistake(
        "a switch without conditions",
        graph(A_AND_B, "conditional_edges:\n  - {from: a}"),
        9,
        "'conditions' is missing",
    ),
    Mistake(
        "a case without a target",
        graph(A_AND_B, "conditional_edges:\n  - from: a\n    conditions:\n      - {if: 'true'}"),
        11,
        "'then' is missing",
    ),
    Mistake(
        "an else before the others",
        graph(
            A_AND_B,
            "conditional_edges:\n  - from: a\n    conditions:\n"
            "      - {else: b}\n      - {if: 'true', then: b}",
        ),
        11,
        "stands before other conditions",
        "last",
    ),
    Mistake(
        "a case to nowhere",
        graph(
            A_AND_B,
            "conditional_edges:\n  - from: a\n    conditions:\n      - {if: 'true', then: c}",
        ),
        11,
        "no node 'c'",
    ),
    Mistake(
        "a case beside an edge",
        graph(
            A_AND_B,
            "edges: [{from: a, to: b}]\nconditional_edges:\n  - from: a\n    conditions:\n"
            "      - {if: 'true', then: b}",
        ),
        12,
        "in any case",
        "Take the edge",
    ),
    Mistake(
        "a join that waits for what comes after it",
        graph(
            A_TO_D,
            "edges:\n  - {from: a, to: b}\n  - {from: [b, d], to: c}\n  - {from: c, to: d}",
        ),
        12,
        "waits for 'd', which can only start after it",
        "by an edge alone",
    ),
    Mistake(
        "parallel nodes that follow each other",
        graph(A_AND_B, "edges: [{from: a, to: b}]\nparallel_nodes: [a, b]"),
        9,
        "an edge leads from 'a' on to 'b'",
    ),
    Mistake(
        "an unknown parallel node",
        graph(A_AND_B, "parallel_nodes: [a, be]"),
        8,
        "no node 'be'",
        "'b'",
    ),
    Mistake(
        "two that replace one key side by side",
        graph(
            'a: {function: "m:f"}\n'
            'b: {function: "m:f", updates: {last: output}}\n'
            'c: {function: "m:f", updates: {last: output}}',
            "edges: [{from: a, to: [b, c]}]",
        ),
        8,
        "'b' and 'c' run in parallel and both replace 'last'",
        "two keys",
    ),
]

OF_EXPRESSIONS = [
    Mistake(
        "a hyphen and a number read as minus",
        graph("a-1: {tool: t}\nc: {tool: t, inputs: {x: outputs.a-1}}"),
        7,
        "there is no node 'a'",
        'outputs["a-1"]',
    ),
    Mistake(
        "one equals sign",
        graph("a:\n  tool: t\n  if: inputs.x = 1"),
        8,
        "at 10: a single '=' means nothing",
    ),
    Mistake(
        "a node that does not exist",
        graph("evaluate: {tool: t}\na:\n  tool: t\n  inputs: {x: outputs.evalute.kind}"),
        9,
        "there is no node 'evalute'",
        "'evaluate'",
    ),
    Mistake(
        "a state key that does not exist",
        graph("a: {tool: t, inputs: {x: size(state.fond)}}"),
        6,
        "the state has no key 'fond'",
        "'found'",
    ),
    Mistake(
        "an input that does not exist",
        graph("a: {tool: t, inputs: {x: inputs.txt}}") + "inputs: {text: string}",
        6,
        "no input 'txt'",
        "'text'",
    ),
    Mistake(
        "a fact that a session does not have",
        graph("a: {tool: t, inputs: {x: session.ident}}"),
        6,
        "a session has no 'ident'",
    ),
    Mistake(
        "a name of another place",
        graph("a: {tool: t, inputs: {x: item.name}}"),
        6,
        "unknown name 'item'",
    ),
    Mistake(
        "the output of the node itself",
        graph("a: {tool: t, inputs: {x: output.name}}"),
        6,
        "unknown name 'output'",
    ),
    Mistake(
        "a text without quotes within the expression",
        graph("a: {tool: t, inputs: {url: 'https://example.org'}}"),
        6,
        "Expression 'https://example.org'",
        "a text within an expression",
    ),
    Mistake(
        "a hyphen read as minus",
        graph("a-b: {tool: t}\nc: {tool: t, inputs: {x: outputs.a-b.x}}"),
        7,
        "Expression",
        'outputs["a-b"]',
    ),
    Mistake(
        "a function that does not exist",
        graph("a: {tool: t, inputs: {x: now()}}"),
        6,
        "no function 'now'",
    ),
    Mistake(
        "a condition that is no expression",
        graph(
            A_AND_B,
            "conditional_edges:\n  - from: a\n    conditions:\n      - {if: 'a b', then: b}",
        ),
        11,
        "Expression 'a b'",
    ),
    Mistake(
        "a while that reads nothing",
        graph("a:\n  loop: {tool: t}\n  while: state.more"),
        8,
        "the state has no key 'more'",
    ),
]

OF_TASKS = [
    Mistake("no tasks", "id: w", 1, "'tasks' is missing", "Write tasks"),
    Mistake("an empty id", tasks("- {id: '', type: tool, tool_id: t}"), 4, "must be text"),
    Mistake(
        "a number as dependency", tasks(X_AND_Y, "dependencies: {y: 3}"), 6, "a name or a list"
    ),
    Mistake(
        "an expression of nothing",
        tasks("- {id: x, type: tool, tool_id: t, inputs: {a: '${ }'}}"),
        4,
        "an expression",
        "between ${ and }",
    ),
    Mistake("a task without id", tasks("- {type: tool, tool_id: t}"), 4, "'id' is missing"),
    Mistake(
        "an unknown type", tasks("- {id: x, type: tol, tool_id: t}"), 4, "found 'tol'", "'tool'"
    ),
    Mistake("no tool", tasks("- {id: x, type: tool}"), 4, "'tool_id' is missing", "which tool"),
    Mistake("an empty agent", tasks("- {id: x, type: agent, agent_id: ''}"), 4, "'agent_id'"),
    Mistake("an unknown agent", tasks("- {id: x, type: agent, agent_id: b}"), 4, "no agent 'b'"),
    Mistake("one id twice", tasks(X_AND_Y.replace("id: y", "id: x")), 5, "Two tasks", "Rename"),
    Mistake(
        "a dependency on nothing",
        tasks(X_AND_Y, "dependencies:\n  y: [z]"),
        7,
        "no task 'z'",
    ),
    Mistake(
        "a dependency of nothing",
        tasks(X_AND_Y, "dependencies:\n  z: [x]"),
        7,
        "no task 'z'",
    ),
    Mistake(
        "tasks that wait for each other",
        tasks(X_AND_Y, "dependencies: {x: [y], y: [x]}"),
        6,
        "wait for each other",
        "Take one dependency away",
    ),
    Mistake(
        "an output to nowhere",
        tasks("- {id: x, type: tool, tool_id: t, outputs: {body: z.text}}"),
        4,
        "no task 'z'",
    ),
    Mistake(
        "an output to a task that does not come after",
        tasks(
            "- {id: x, type: tool, tool_id: t, outputs: {body: y.text}}\n"
            "- {id: y, type: tool, tool_id: t}"
        ),
        4,
        "does not run after it",
        "{y: [x]}",
    ),
    Mistake(
        "an output to a task behind others",
        tasks(
            "".join(f"- {{id: {name}, type: tool, tool_id: t}}\n" for name in "wyzv")
            + "- {id: x, type: tool, tool_id: t, outputs: {body: w.text}}",
            "dependencies: {w: [y, z], y: v, z: v}",
        ),
        8,
        "does not run after it",
        "{w: [x]}",
    ),
    Mistake(
        "an output to no input",
        tasks("- {id: x, type: tool, tool_id: t, outputs: {body: x}}"),
        4,
        "names no input",
        "write.text",
    ),
    Mistake(
        "an output to an input that has a value",
        tasks(
            "- {id: x, type: tool, tool_id: t, outputs: {body: y.text}}\n"
            "- {id: y, type: tool, tool_id: t, inputs: {text: a}}",
            "dependencies: {y: [x]}",
        ),
        4,
        "has a value already",
    ),
    Mistake("a wrong retry", tasks(X_AND_Y, "retry_config: {max: 3}"), 6, "'max'", "Known are"),
    Mistake(
        "a wrong error handling",
        tasks(X_AND_Y, "error_handling: {on_failure: retry}"),
        6,
        "one of fail, compensate, continue",
    ),
    Mistake(
        "a condition that does not compile",
        tasks("- id: x\n  type: tool\n  tool_id: t\n  condition: inputs.txt == 'a'"),
        7,
        "no input 'txt'",
        "'text'",
    ),
    Mistake(
        "a key of the graph form in the task form",
        tasks(X_AND_Y, "edges: []"),
        6,
        "cannot have 'edges'",
    ),
]

MISTAKES = [
    *OF_YAML,
    *OF_THE_WORKFLOW,
    *OF_NODES,
    *OF_EDGES,
    *OF_EXPRESSIONS,
    *OF_TASKS,
]
