"""Sequential: each agent works on what the one before it gave.

The models answer from a script, so that this runs offline; with `model="openai:…"` it is real.
"""

import tenuto
from tenuto import Agent, Workflow
from tenuto.testing import MockLLM

models = {"scripted": MockLLM({"outline": ["1. fog 2. sun"], "draft": ["First fog, then sun."]})}

outline = Agent("outline", model="scripted:any", instructions="Outline a report.")
draft = Agent("draft", model="scripted:any", instructions="Write the outline out.")

flow = Workflow("pipeline", output="outputs.draft.text")
flow.node("outline", agent=outline, inputs={"topic": "inputs.topic"})
flow.node("draft", agent=draft, inputs={"outline": "outputs.outline.text"})
flow.edge("outline", "draft")

if __name__ == "__main__":
    print(tenuto.run(flow, {"topic": "weather"}, models=models))
