"""Orchestrator and workers: one agent plans, workers do the steps side by side as their order
allows, and the orchestrator puts the results together."""

import tenuto
from tenuto import Agent, Workflow
from tenuto.testing import MockLLM

plan = {
    "steps": [
        {"id": "north", "task": "Look at the north."},
        {"id": "south", "task": "Look at the south."},
        {"id": "both", "task": "Compare them.", "after": ["north", "south"]},
    ]
}
script = {
    "lead": [plan, "The north is colder.", {"good": True, "faults": []}],
    "worker": ["5 degrees", "12 degrees", "The north is 7 degrees colder."],
}
models = {"scripted": MockLLM(script)}

worker = Agent("worker", model="scripted:any", instructions="Do the step.")
lead = Agent("lead", model="scripted:any", strategy="plan", tools=[worker])
flow = Workflow("orchestrator", output="outputs.work.text").node("work", agent=lead)

if __name__ == "__main__":
    print(tenuto.run(flow, models=models))
