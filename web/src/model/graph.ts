// The workflow's graph with what its nodes did up to a version.

import type { components } from '../wire/api';
import { changeAt, isEnded, type SessionLog, type TaskState, tasksAt } from './session';

export type Graph = components['schemas']['Graph'];

export type NodeState = 'idle' | TaskState;

export interface NodeLook {
  state: NodeState;
  /** How often the node was begun; items of a map and turns of an agent are not counted. */
  runs: number;
  /** Of a map or loop: its items in the present run. */
  items: { done: number; failed: number; open: number; total: number } | null;
  /** What it waits for, or why it failed. */
  why: string;
  /** The newest task of the node. */
  task: number;
  /** The version of its last change: what changed last is lit up. */
  version: number;
}

export interface Looks {
  nodes: Map<string, NodeLook>;
  /** How many tokens went over an edge, by `edgeKey`. */
  flow: Map<string, number>;
}

const WEIGHT: Record<NodeState, number> = {
  idle: -1,
  failed: 5,
  waiting: 4,
  running: 3,
  done: 2,
  cancelled: 1,
  skipped: 0,
};

export const edgeKey = (from: string, to: string): string => `${from}\u2192${to}`;

/** How the graph looks at a version. */
export function looksAt(log: SessionLog, at: number): Looks {
  const { nodes, flow } = before(log);
  for (const [task, change] of tasksAt(log, at)) {
    const known = nodes.get(task.node);
    if (known?.task === task.no) {
      known.state = change.state;
      known.why = change.why;
      known.version = Math.max(known.version, change.version);
      if (task.count !== null) known.items ??= { done: 0, failed: 0, open: 0, total: task.count };
    } else if (task.parent === 0 && task.kind !== 'undo') {
      // It had begun before, and its node has begun anew since.
      if (task.changes[0].version <= log.first) continue;
      nodes.set(task.node, {
        state: change.state,
        runs: (known?.runs ?? 0) + (change.state === 'skipped' ? 0 : 1),
        items: task.count === null ? null : { done: 0, failed: 0, open: 0, total: task.count },
        why: change.why,
        task: task.no,
        version: Math.max(change.version, known?.version ?? 0),
      });
      const from = log.tasks.get(task.after)?.node;
      if (from !== undefined && change.state !== 'skipped') {
        const key = edgeKey(from, task.node);
        flow.set(key, (flow.get(key) ?? 0) + 1);
      }
    } else if (known !== undefined) {
      fold(known, task, change.state, change.why, change.version);
    }
  }
  return { nodes, flow };
}

/** How the graph looked when the log begins, but for tasks that were open then. */
function before(log: SessionLog): Looks {
  const nodes = new Map<string, NodeLook>();
  const flow = new Map<string, number>();
  for (const [name, was] of Object.entries(log.recap?.nodes ?? {})) {
    const { state, why, runs, task, version, done, failed } = was;
    const total = was.count ?? null;
    const items = total === null ? null : { done, failed, open: 0, total };
    nodes.set(name, { state, runs, items, why, task, version });
  }
  for (const [from, counts] of Object.entries(log.recap?.flow ?? {})) {
    for (const [to, count] of Object.entries(counts)) flow.set(edgeKey(from, to), count);
  }
  return { nodes, flow };
}

/** What lies within a node shows on it, as long as the node itself has not ended. */
function fold(
  look: NodeLook,
  task: { parent: number; kind: string },
  state: TaskState,
  why: string,
  version: number,
): void {
  look.version = Math.max(look.version, version);
  const isItem = task.parent === look.task && task.kind !== 'model' && task.kind !== 'tool';
  if (look.items !== null && isItem) {
    if (!isEnded(state)) look.items.open += 1;
    else if (state === 'failed') look.items.failed += 1;
    else look.items.done += 1;
  }
  const isOpen = look.state === 'running' || look.state === 'waiting';
  if (isOpen && state === 'waiting' && WEIGHT[state] > WEIGHT[look.state]) {
    look.state = state;
    look.why = why;
  }
}

/** The newest task of a node at a version, with those below it. */
export function tasksOfNode(log: SessionLog, node: string, at: number): number[] {
  const found: number[] = [];
  for (const task of log.tasks.values()) {
    if (task.node === node && changeAt(task, at) !== undefined) found.push(task.no);
  }
  return found;
}

/** Who works at each node, as the graph says. */
export function agentsOf(graph: Graph): Map<string, string> {
  const agents = new Map<string, string>();
  for (const node of graph.nodes) {
    const kind = node.body || node.kind;
    if (kind === 'agent' && node.ref) agents.set(node.id, node.ref);
  }
  return agents;
}
