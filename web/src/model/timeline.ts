// Bars on real time: each task with its stretches of work and of waiting.

import { changeAt, isEnded, type SessionLog, startOf, type Task, type TaskState } from './session';

export interface Stretch {
  fromMs: number;
  toMs: number;
  state: 'running' | 'waiting';
}

export interface Bar {
  task: Task;
  depth: number;
  state: TaskState;
  why: string;
  stretches: Stretch[];
  fromMs: number;
  toMs: number;
  isOpen: boolean;
}

export interface Timeline {
  bars: Bar[];
  fromMs: number;
  toMs: number;
}

/** The session at a version. What is open then lasts until `nowMs`. */
export function timelineAt(log: SessionLog, at: number, nowMs: number): Timeline {
  const bars: Bar[] = [];
  const begun = (no: number): boolean => {
    const task = log.tasks.get(no);
    return task !== undefined && startOf(task).version <= at;
  };
  const walk = (task: Task, depth: number): void => {
    const bar = barOf(task, depth, at, nowMs);
    if (bar !== null) bars.push(bar);
    for (const no of task.below) {
      if (begun(no)) walk(log.tasks.get(no) as Task, depth + 1);
    }
  };
  for (const task of log.tasks.values()) {
    if (task.parent === 0 && startOf(task).version <= at) walk(task, 0);
  }
  // A fork begins with what its origin did before; what came before a recap is not drawn.
  const beginMs = log.recap === null ? log.startedMs : (log.recap.updated_ms as number);
  const fromMs = bars.reduce((first, bar) => Math.min(first, bar.fromMs), beginMs);
  const toMs = bars.reduce((latest, bar) => Math.max(latest, bar.toMs), fromMs + 1);
  return { bars, fromMs, toMs };
}

function barOf(task: Task, depth: number, at: number, nowMs: number): Bar | null {
  const last = changeAt(task, at);
  if (last === undefined || last.state === 'skipped') return null;
  const isOpen = !isEnded(last.state);
  const stretches: Stretch[] = [];
  const changes = task.changes.filter((change) => change.version <= at);
  changes.forEach((change, index) => {
    if (change.state !== 'running' && change.state !== 'waiting') return;
    const toMs = changes[index + 1]?.atMs ?? Math.max(nowMs, change.atMs);
    stretches.push({ fromMs: change.atMs, toMs, state: change.state });
  });
  return {
    task,
    depth,
    state: last.state,
    why: last.why,
    stretches,
    fromMs: startOf(task).atMs,
    toMs: isOpen ? Math.max(nowMs, last.atMs) : last.atMs,
    isOpen,
  };
}

const STEPS_MS = [
  1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 120_000, 300_000,
  600_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 86_400_000, 604_800_000,
];

/** Round moments on a scale, at most so many, as ms after its begin. */
export function ticks(lengthMs: number, most: number): number[] {
  const step = STEPS_MS.find((one) => lengthMs / one <= most) ?? Math.ceil(lengthMs / most);
  const found: number[] = [];
  for (let at = 0; at <= lengthMs; at += step) found.push(at);
  return found;
}
