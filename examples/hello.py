"""A workflow in ten lines."""

import tenuto
from tenuto import Workflow


async def greet(ctx: tenuto.Context, name: str) -> dict[str, str]:
    return {"text": f"Hello, {name}!"}


flow = Workflow("hello", inputs={"name": "string"}, output="outputs.greet.text")
flow.node("greet", function=greet, inputs={"name": "inputs.name"})

if __name__ == "__main__":
    print(tenuto.run(flow, {"name": "Ada"}))
