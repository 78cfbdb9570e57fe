"""A team: a desk that asks a scout, and leaves the task to whoever can finish it."""

import tenuto
from tenuto import Agent, Workflow
from tenuto.testing import MockLLM, calls


@tenuto.tool
def stock(item: str) -> int:
    """Return how many there are."""
    return {"cup": 3}.get(item, 0)


script = {
    "desk": [
        calls(("scout", {"task": "Are there cups?"})),
        calls(("shipping", {"task": "Send one cup to Ada."})),
    ],
    "scout": [calls(("stock", {"item": "cup"})), "There are three."],
    "shipping": ["One cup is on its way to Ada."],
}
models = {"scripted": MockLLM(script)}

scout = Agent("scout", model="scripted:any", instructions="Look it up.", tools=[stock])
shipping = Agent("shipping", model="scripted:any", instructions="Ship it.")
desk = Agent("desk", model="scripted:any", tools=[scout], handoffs=[shipping])
flow = Workflow("team", output="outputs.help.text")
flow.node("help", agent=desk, inputs={"text": "inputs.text"})

if __name__ == "__main__":
    print(tenuto.run(flow, {"text": "A cup for Ada, please."}, models=models))
