// Two sessions side by side: their steps aligned, and where they first went different ways.

import type { JsonObject } from '../wire/events';
import { type Difference, differences } from './diff';
import { changeAt, isEnded, pathOf, type SessionLog, type Task } from './session';

/** The row of what both began with. */
export const BEGIN = 'begin';

export interface Step {
  /** The path of its task, and which task of that path it is where there are several. */
  key: string;
  /** The tasks; null: only the other has the step. */
  a: Task | null;
  b: Task | null;
  verdict: 'same' | 'different' | 'only a' | 'only b';
  changed: Difference[];
}

export interface Comparison {
  /** In the order in which they began, those of the first session before those of the other. */
  steps: Step[];
  /** The key of the step that made the difference; null: there is none. */
  first: string | null;
  counts: Record<Step['verdict'], number>;
}

/** What a step was asked and what it gave, without what differs from run to run. */
export function factsOf(task: Task): JsonObject {
  const last = changeAt(task, Number.MAX_SAFE_INTEGER);
  const facts: JsonObject = { kind: task.kind, state: last?.state ?? 'running' };
  if (task.call !== null) facts.asked = { tool: task.call.tool, arguments: task.call.arguments };
  if (task.count !== null) facts.items = task.count;
  if (task.kind === 'model' && task.answer !== null) {
    const { text, calls, data, finish, fault, model } = task.answer;
    const called = calls.map((call) => ({ tool: call.tool, arguments: call.arguments }));
    facts.model = model;
    facts.gave = { text, data, calls: called, finish, ...(fault === '' ? {} : { fault }) };
  } else if (last !== undefined && isEnded(last.state)) {
    facts.gave = task.output;
  }
  if (last?.state === 'failed' && task.failure !== null) facts.failure = { ...task.failure };
  return facts;
}

/** With what the session began: its inputs, and the state that a fork changed. */
function beginOf(log: SessionLog): JsonObject {
  const fork = log.events.findLast((event) => event.type === 'SessionForked');
  const patch = fork?.type === 'SessionForked' ? fork.patch : {};
  return { inputs: log.inputs, ...(Object.keys(patch).length > 0 ? { state: patch } : {}) };
}

export function compared(a: SessionLog, b: SessionLog): Comparison {
  const [ofA, ofB] = [keyed(a), keyed(b)];
  const begun = differences(beginOf(a), beginOf(b));
  const steps: Step[] = [
    {
      key: BEGIN,
      a: null,
      b: null,
      verdict: begun.length === 0 ? 'same' : 'different',
      changed: begun,
    },
  ];
  for (const key of merged(ofA, ofB)) {
    const [left, right] = [ofA.get(key) ?? null, ofB.get(key) ?? null];
    const changed = left && right ? differences(factsOf(left), factsOf(right)) : [];
    const isBoth = left !== null && right !== null;
    const verdict = isBoth ? (changed.length === 0 ? 'same' : 'different') : left ? 'only a' : 'only b';
    steps.push({ key, a: left, b: right, verdict, changed });
  }
  const counts = { same: 0, different: 0, 'only a': 0, 'only b': 0 };
  for (const step of steps) counts[step.verdict] += 1;
  return { steps, first: firstOf(steps), counts };
}

/** Tasks by the key of their step, in the order of their start. */
function keyed(log: SessionLog): Map<string, Task> {
  const found = new Map<string, Task>();
  const seen = new Map<string, number>();
  for (const task of log.tasks.values()) {
    const path = pathOf(log, task.no);
    const count = (seen.get(path) ?? 0) + 1;
    seen.set(path, count);
    found.set(count === 1 ? path : `${path} (${count})`, task);
  }
  return found;
}

/** Keys of both in an order that keeps that of each, as far as they do not cross. */
function merged(a: Map<string, Task>, b: Map<string, Task>): string[] {
  const order: string[] = [];
  const taken = new Set<string>();
  const take = (key: string): void => {
    if (!taken.has(key)) order.push(key);
    taken.add(key);
  };
  const others = [...b.keys()];
  let at = 0;
  for (const key of a.keys()) {
    if (b.has(key) && !taken.has(key)) {
      // What only the other did before this step stands before it.
      while (at < others.length && others[at] !== key) {
        const other = others[at] as string;
        if (!a.has(other)) take(other);
        at += 1;
      }
      at += 1;
    }
    take(key);
  }
  for (const key of others) take(key);
  return order;
}

/** Steps come about from within: an agent differs because a turn of its own did, which ended before.
 * So the first difference is the one that was settled first. */
function firstOf(steps: readonly Step[]): string | null {
  let first: Step | null = null;
  let soonest = Number.POSITIVE_INFINITY;
  for (const step of steps) {
    if (step.verdict === 'same') continue;
    if (step.key === BEGIN) return BEGIN;
    const version = settledAt(step);
    if (version < soonest) [first, soonest] = [step, version];
  }
  return first?.key ?? null;
}

function settledAt(step: Step): number {
  const versions = [step.a, step.b]
    .filter((task) => task !== null)
    .map((task) => changeAt(task, Number.MAX_SAFE_INTEGER)?.version ?? 0);
  return Math.min(...versions);
}

export interface Parted {
  before: string;
  a: string;
  b: string;
  after: string;
}

/** Two texts as what they have alike at both ends, and what each has between. Words stay whole. */
export function parted(a: string, b: string): Parted {
  const [left, right] = [wordsOf(a), wordsOf(b)];
  let begin = 0;
  while (begin < left.length && begin < right.length && left[begin] === right[begin]) begin += 1;
  let end = 0;
  const most = Math.min(left.length, right.length) - begin;
  while (end < most && left[left.length - 1 - end] === right[right.length - 1 - end]) end += 1;
  return {
    before: left.slice(0, begin).join(''),
    a: left.slice(begin, left.length - end).join(''),
    b: right.slice(begin, right.length - end).join(''),
    after: left.slice(left.length - end).join(''),
  };
}

const wordsOf = (text: string): string[] => text.split(/(\s+)/).filter((part) => part !== '');
