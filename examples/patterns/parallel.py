"""Parallel: three agents look at the same text at once; a join puts together what they say."""

import tenuto
from tenuto import Agent, Workflow
from tenuto.testing import MockLLM

VIEWS = ("law", "style", "facts")
models = {"scripted": MockLLM({"law": ["fine"], "style": ["too long"], "facts": ["one is wrong"]})}


def join(ctx: tenuto.Context, **said: str) -> dict[str, str]:
    return said


flow = Workflow("parallel", output="outputs.join")
for view in VIEWS:
    reviewer = Agent(view, model="scripted:any", instructions=f"Review the {view}.")
    flow.node(view, agent=reviewer, inputs={"text": "inputs.text"})
flow.node("join", function=join, inputs={view: f"outputs.{view}.text" for view in VIEWS})
flow.edge(list(VIEWS), "join")

if __name__ == "__main__":
    print(tenuto.run(flow, {"text": "…"}, models=models))
