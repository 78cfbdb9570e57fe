"""A map: one task for each item, eight at once, joined in order."""

import tenuto
from tenuto import Workflow, body


async def measure(ctx: tenuto.Context, word: str) -> int:
    return len(word)


def total(ctx: tenuto.Context, lengths: list[int]) -> dict[str, int]:
    return {"words": len(lengths), "letters": sum(lengths)}


flow = Workflow("fan-out", inputs={"words": {"type": "array", "items": {"type": "string"}}})
flow.node(
    "measure",
    map="inputs.words",
    do=body(function=measure, inputs={"word": "item"}),
    concurrency=8,
)
flow.node("total", function=total, inputs={"lengths": "outputs.measure"})
flow.edge("measure", "total")

if __name__ == "__main__":
    print(tenuto.run(flow, {"words": ["the", "log", "is", "the", "only", "truth"]}))
