"""Router: one agent says what a request is, and a switch gives it to the agent that knows."""

import tenuto
from tenuto import Agent, Workflow
from tenuto.testing import MockLLM

models = {"scripted": MockLLM({"sort": [{"kind": "refund"}], "refunds": ["Paid back."]})}
KIND = {
    "type": "object",
    "properties": {"kind": {"type": "string", "enum": ["refund", "question"]}},
    "required": ["kind"],
}

sort = Agent("sort", model="scripted:any", instructions="Sort the request.", output=KIND)
refunds = Agent("refunds", model="scripted:any", instructions="Pay back.")
questions = Agent("questions", model="scripted:any", instructions="Answer.")

flow = Workflow("router")
flow.node("sort", agent=sort, inputs={"text": "inputs.text"})
flow.node("refunds", agent=refunds, inputs={"text": "inputs.text"})
flow.node("questions", agent=questions, inputs={"text": "inputs.text"})
flow.switch("sort", [("outputs.sort.kind == 'refund'", "refunds")], default="questions")

if __name__ == "__main__":
    print(tenuto.run(flow, {"text": "My cup is broken."}, models=models))
