"""Evaluator and optimizer: one agent writes, another judges, and it goes round until it is good."""

import tenuto
from tenuto import Agent, Workflow
from tenuto.testing import MockLLM

script = {
    "writer": ["A poem.", "A poem about fog."],
    "judge": [{"good": False, "why": "about what?"}, {"good": True, "why": ""}],
}
models = {"scripted": MockLLM(script)}
VERDICT = {
    "type": "object",
    "properties": {"good": {"type": "boolean"}, "why": {"type": "string"}},
    "required": ["good", "why"],
}


def keep(ctx: tenuto.Context, text: str) -> dict[str, str]:
    return {"text": text}


def tell(ctx: tenuto.Context, why: str) -> dict[str, str]:
    return {"why": why}


writer = Agent("writer", model="scripted:any", instructions="Write; heed what was criticised.")
judge = Agent("judge", model="scripted:any", instructions="Judge the text.", output=VERDICT)

flow = Workflow("evaluator", state={"text": "replace", "why": "replace"}, output="state.text")
flow.node("write", agent=writer, inputs={"about": "inputs.about", "critique": "state.why"})
flow.node("keep", function=keep, inputs={"text": "outputs.write.text"})
flow.node("judge", agent=judge, inputs={"text": "state.text"})
flow.node("tell", function=tell, inputs={"why": "outputs.judge.why"})
flow.edge("write", "keep").edge("keep", "judge").edge("tell", "write")
flow.switch("judge", [("!outputs.judge.good", "tell")], default=None)
flow.entry("write")

if __name__ == "__main__":
    print(tenuto.run(flow, {"about": "fog"}, models=models))
