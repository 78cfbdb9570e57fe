// What a page needs to work with a server: start, follow, decide. No library.
//
// With a key requests bear it, so the stream is read with fetch; EventSource can send no headers. On
// a server without login (`tenuto serve --dev`) EventSource does it, and comes back by itself.

const RETRY_MS = 1000;

export class Client {
  constructor(address, key = "") {
    this.api = `${address}/api/v1`;
    this.key = key;
  }

  async ask(path, body) {
    const headers = this.key ? { Authorization: `Bearer ${this.key}` } : {};
    const request = { headers };
    if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      headers["Idempotency-Key"] = crypto.randomUUID();
      Object.assign(request, { method: "POST", body: JSON.stringify(body) });
    }
    const answer = await fetch(this.api + path, request);
    const told = await answer.json();
    if (!answer.ok) throw new Error(`${told.title}: ${told.detail} ${told.hint}`);
    return told;
  }

  async start(workflow, inputs) {
    return (await this.ask(`/workflows/${workflow}/start`, { inputs })).id;
  }

  async asked(session) {
    const { items } = await this.ask("/approvals");
    return items.filter((one) => one.session === session);
  }

  decide(session, task, approve, note = "") {
    return this.ask(`/approvals/${session}/${task}/${approve ? "approve" : "deny"}`, { note });
  }

  // Gives each frame to `take(name, data, id)`, each event once; returns when the session has ended.
  async follow(session, take) {
    const path = `${this.api}/sessions/${session}/stream`;
    if (this.key) return this.#read(path, take);
    return new Promise((resolve) => {
      const source = new EventSource(path);
      const names = ["snapshot", "event", "token", "lagging", "gap", "problem", "end"];
      for (const name of names) {
        source.addEventListener(name, ({ data, lastEventId }) => {
          take(name, JSON.parse(data), lastEventId);
          if (name === "end") {
            source.close();
            resolve();
          }
        });
      }
    });
  }

  async #read(path, take) {
    let seen = "0";
    for (;;) {
      const headers = { Authorization: `Bearer ${this.key}`, "Last-Event-ID": seen };
      try {
        const answer = await fetch(path, { headers });
        if (answer.status >= 400 && answer.status < 500) {
          throw Object.assign(new Error((await answer.json()).detail), { final: true });
        }
        for await (const [name, id, data] of frames(answer.body)) {
          if (name === "event") seen = id;
          take(name, data, id);
          if (name === "end") return;
        }
      } catch (error) {
        if (error.final) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

// The server-sent events in a body.
export async function* frames(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { value, done } = await reader.read();
    if (done) return;
    const parts = (rest + value).split("\n\n");
    rest = parts.pop();
    for (const part of parts) {
      const fields = { event: "", id: "", data: "" };
      for (const line of part.split("\n")) {
        const at = line.indexOf(": ");
        if (at > 0) fields[line.slice(0, at)] = line.slice(at + 2);
      }
      if (fields.event) yield [fields.event, fields.id, JSON.parse(fields.data)];
    }
  }
}
