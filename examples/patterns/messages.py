"""Messages: a writer and a critic work side by side, and write to each other."""

import tenuto
from tenuto import Agent, Workflow
from tenuto.testing import MockLLM, calls

script = {
    "writer": [
        calls(("send_message", {"to": "critic", "text": "Fog is a coat.", "kind": "request"})),
        "Fog is a coat.",
        "Fog is a grey coat.",
    ],
    "critic": [
        "I have seen nothing yet.",
        calls(("reply_message", {"message": 1, "text": "Of what colour?"})),
        "It lacks a colour.",
    ],
}
models = {"scripted": MockLLM(script)}

writer = Agent("writer", model="scripted:any", instructions="Write.", writes_to=["critic"])
critic = Agent("critic", model="scripted:any", instructions="Find what is missing.")
flow = Workflow("poem", output="outputs.write.text")
flow.node("write", agent=writer)
flow.node("review", agent=critic)

if __name__ == "__main__":
    print(tenuto.run(flow, models=models))
