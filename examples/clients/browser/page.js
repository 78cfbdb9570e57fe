import { Client } from "./client.js";

const find = (id) => document.getElementById(id);

find("form").addEventListener("submit", async (submitted) => {
  submitted.preventDefault();
  const client = new Client(find("address").value, find("key").value);
  find("events").replaceChildren();
  find("questions").replaceChildren();
  say("");
  try {
    const session = await client.start("triage", { text: find("text").value });
    await client.follow(session, (name, data, id) => {
      if (name !== "event") return;
      add("events", `${id} ${data.type.replace("tenuto.", "")} ${data.subject}`);
      if (data.data.kind === "approval") ask(client, session);
    });
    const { status, output } = await client.ask(`/sessions/${session}`);
    say(`${status}: ${JSON.stringify(output)}`);
  } catch (error) {
    say(error.message);
  }
});

async function ask(client, session) {
  for (const one of await client.asked(session)) {
    const item = add("questions", one.title);
    for (const [word, approve] of [["Approve", true], ["Deny", false]]) {
      const button = document.createElement("button");
      button.textContent = word;
      button.addEventListener("click", async () => {
        try {
          await client.decide(session, one.task, approve);
          item.remove();
        } catch (error) {
          say(error.message);  // The question stays: it can be answered again.
        }
      });
      item.append(" ", button);
    }
  }
}

function add(list, text) {
  const item = document.createElement("li");
  // Text, never markup: it may come from anywhere.
  item.textContent = text;
  find(list).append(item);
  return item;
}

function say(text) {
  find("result").textContent = text;
}
