// What a session had spent at a version, in all and by agent.

import { type SessionLog, tasksAt } from './session';

export interface Cost {
  turns: number;
  calls: number;
  failures: number;
  inputTokens: number;
  outputTokens: number;
  usd: number;
  /** In work of models, in ms. */
  modelMs: number;
}

export interface Costs {
  total: Cost;
  /** In the order in which they first began. */
  agents: Map<string, Cost>;
}

const none = (): Cost => ({
  turns: 0,
  calls: 0,
  failures: 0,
  inputTokens: 0,
  outputTokens: 0,
  usd: 0,
  modelMs: 0,
});

export function costsAt(log: SessionLog, at: number): Costs {
  const total = none();
  const agents = new Map<string, Cost>();
  for (const [name, was] of Object.entries(log.recap?.agents ?? {})) {
    const { turns, calls, failures, usd } = was;
    const used = { inputTokens: was.input_tokens, outputTokens: was.output_tokens };
    const cost = { turns, calls, failures, usd, modelMs: was.model_ms, ...used };
    agents.set(name, cost);
    for (const part of Object.keys(total) as (keyof Cost)[]) total[part] += cost[part];
  }
  for (const [task, change] of tasksAt(log, at)) {
    if (task.agent === '') continue;
    let cost = agents.get(task.agent);
    if (cost === undefined) agents.set(task.agent, (cost = none()));
    if (task.kind === 'model' && change.state === 'done' && task.answer !== null) {
      const { usage } = task.answer;
      for (const one of [total, cost]) {
        one.turns += 1;
        one.inputTokens += usage.input_tokens;
        one.outputTokens += usage.output_tokens;
        one.usd += usage.cost_usd;
        one.modelMs += change.atMs - task.changes[0].atMs;
      }
    } else if (task.call !== null && (change.state === 'done' || change.state === 'failed')) {
      total.calls += 1;
      cost.calls += 1;
    }
    const failed = change.state === 'failed' && task.kind !== 'agent' ? 1 : 0;
    total.failures += failed + task.attempts - 1;
    cost.failures += failed + task.attempts - 1;
  }
  return { total, agents };
}
