// What a page needs to work with a server: start, follow, decide. No library.
//
// With a key requests bear it, so the stream is read with fetch; EventSource can send no headers. On
// a server without login (`tenuto serve --dev`) EventSource does it, and comes back by itself.

const RETRY_MS = 1000;
const FRAMES = ["snapshot", "event", "token", "lagging", "gap", "problem", "end"];

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
    if (!answer.ok) {
      const { title, detail, hint, status } = told;
      throw Object.assign(new Error(`${title}: ${detail} ${hint}`), { status });
    }
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
    return this.key ? this.#read(path, take) : this.#listen(session, path, take);
  }

  #listen(session, path, take) {
    return new Promise((resolve, reject) => {
      let seen = 0;
      const open = () => {
        const source = new EventSource(`${path}?after=${seen}`);
        for (const name of FRAMES) {
          source.addEventListener(name, ({ data, lastEventId }) => {
            if (name === "event") seen = Number(lastEventId);
            take(name, JSON.parse(data), lastEventId);
            if (name !== "end") return;
            source.close();
            resolve();
          });
        }
        source.onerror = async () => {
          // It comes back by itself, unless it was answered with anything but a stream.
          if (source.readyState !== EventSource.CLOSED) return;
          await rest();
          try {
            await this.ask(`/sessions/${session}`);
          } catch (error) {
            if (error.status >= 400 && error.status < 500) return reject(error);
          }
          open();
        };
      };
      open();
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
      await rest();
    }
  }
}

const rest = () => new Promise((resolve) => setTimeout(resolve, RETRY_MS));

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
