// A session as its events tell it: each task with all that happened to it, and when.
//
// Every fact keeps the version at which it became one, so the session can be looked at as it was
// at any version without folding anew: what has a later version had not happened yet.

import type { components } from '../wire/api';
import type {
  Failure,
  Json,
  JsonObject,
  ModelAnswer,
  SessionEvent,
  ToolCall,
} from '../wire/events';

export type TaskState = 'running' | 'waiting' | 'done' | 'failed' | 'skipped' | 'cancelled';

/** What a session did up to a version, as the server tells it: a log goes on from there. */
export type Recap = components['schemas']['Recap'];

export type Phase = 'pending' | 'running' | 'paused' | 'completed' | 'failed' | 'cancelled';

export type Status = Phase | 'waiting';

export interface Change {
  version: number;
  atMs: number;
  state: TaskState;
  /** What it waits for, or why it failed, in words. */
  why: string;
}

export interface Task {
  no: number;
  node: string;
  kind: string;
  /** Its name among its siblings: `plan`, `research[2]`, `turn 1`. */
  label: string;
  parent: number;
  index: number;
  /** The task whose token began it; 0 at the entry. */
  after: number;
  /** Who does it, or for whom it is done. */
  agent: string;
  /** What a model asked for, where it is a call. */
  call: ToolCall | null;
  /** With what it was carried out instead, where somebody changed that. */
  changed: { version: number; inputs: JsonObject } | null;
  /** The first is its start. */
  changes: [Change, ...Change[]];
  attempts: number;
  dueMs: number;
  /** Of a map: how many items it has. */
  count: number | null;
  child: string | null;
  output: Json;
  answer: ModelAnswer | null;
  failure: Failure | null;
  below: number[];
  /** It was settled before the log begins: what it counts for is in the recap. */
  isPast: boolean;
}

export interface PhaseChange {
  version: number;
  atMs: number;
  phase: Phase;
  why: string;
}

/** Who a node's work is done by; from the graph of the workflow. */
export type Agents = ReadonlyMap<string, string>;

const WAITING = new Set(['approval', 'wait']);
const ITEMS = new Set(['map', 'loop']);
const CALLS = new Set(['tool', 'agent', 'message']);
const ENDED = new Set<TaskState>(['done', 'failed', 'skipped', 'cancelled']);

export const isEnded = (state: TaskState): boolean => ENDED.has(state);

export const isOver = (status: Status): boolean =>
  status === 'completed' || status === 'failed' || status === 'cancelled';

export class SessionLog {
  /** Those after version `first`, in their order. */
  readonly events: SessionEvent[] = [];
  /** In the order of their start. */
  readonly tasks = new Map<number, Task>();
  readonly phases: PhaseChange[] = [];
  inputs: JsonObject = {};
  output: Json = null;
  failure: Failure | null = null;
  startedMs = 0;

  private pausing = '';
  /** Tasks that wait to be allowed, and were not tried yet. */
  private readonly asks = new Set<number>();
  /** What was before the log begins; null: it begins with the session. */
  readonly recap: Recap | null;

  constructor(
    private readonly agents: Agents = new Map(),
    recap: Recap | null = null,
  ) {
    this.recap = recap !== null && recap.version > 0 ? recap : null;
    if (this.recap !== null) this.goOnFrom(this.recap);
  }

  /** The version after which the events are known. */
  get first(): number {
    return this.recap?.version ?? 0;
  }

  get version(): number {
    return this.first + this.events.length;
  }

  /** The event that made a version, where it is known. */
  event(version: number): SessionEvent | undefined {
    return this.events[version - this.first - 1];
  }

  /** The moment at which the session came to a version, in ms since 1970; 0: it is not known. */
  momentAt(version: number): number {
    const event = this.event(version);
    if (event !== undefined) return momentOf(event);
    return version === this.first ? (this.recap?.updated_ms ?? 0) : 0;
  }

  /** The moment of the newest event, in ms since 1970. */
  get updatedMs(): number {
    return this.momentAt(this.version);
  }

  private goOnFrom(recap: Recap): void {
    this.inputs = recap.inputs as JsonObject;
    this.output = recap.output as Json;
    this.failure = recap.failure as Failure | null;
    this.startedMs = recap.started_ms;
    for (const { version, at_ms: atMs, phase, why } of recap.phases) {
      this.phases.push({ version, atMs, phase: phase as Phase, why });
    }
    for (const was of recap.tasks) {
      const task = taskOf(was);
      this.tasks.set(task.no, task);
      this.tasks.get(task.parent)?.below.push(task.no);
      if (was.asks) this.asks.add(task.no);
    }
  }

  /** Folds the next event. One that is known already changes nothing. */
  add(event: SessionEvent): void {
    if (event.version <= this.version) return;
    if (event.version !== this.version + 1) {
      throw new Error(`Version ${event.version} came after ${this.version}: events are missing.`);
    }
    this.events.push(event);
    this.fold(event, momentOf(event));
  }

  private fold(event: SessionEvent, atMs: number): void {
    switch (event.type) {
      case 'TaskStarted':
        this.start(event.task, event, atMs, { after: event.after, dueMs: event.due_ms });
        return;
      case 'ChildrenStarted':
        for (let offset = 0; offset < event.count; offset += 1) {
          this.startBelow(event, event.first + offset, event.index + offset, atMs);
        }
        return;
      case 'UndoStarted': {
        const told = event.path?.split(' / ').at(-1)?.replace(/^undo /, '');
        const node = this.tasks.get(event.of)?.node ?? told ?? `task ${event.of}`;
        const begun = { kind: 'undo', node, version: event.version };
        this.start(event.task, begun, atMs, { label: `undo ${node}` });
        return;
      }
      case 'TaskSkipped': {
        const passed = { kind: '', node: event.node, version: event.version };
        const task = this.start(event.task, passed, atMs, { after: event.after });
        task.changes[0].state = 'skipped';
        return;
      }
      case 'SessionStarted':
        this.inputs = event.inputs;
        this.startedMs = atMs;
        this.enter('running', event.version, atMs);
        return;
      case 'SessionForked':
        this.startedMs = atMs;
        for (const task of this.tasks.values()) task.child = null;
        this.enter('running', event.version, atMs);
        return;
      case 'SessionPaused':
        this.enter('paused', event.version, atMs, this.pausing);
        return;
      case 'SessionPausing':
        this.pausing = event.reason;
        return;
      case 'SessionResumed':
        this.enter('running', event.version, atMs);
        return;
      case 'SessionCompleted':
        this.output = event.output;
        this.enter('completed', event.version, atMs);
        return;
      case 'SessionFailed':
        this.failure = event.failure;
        this.enter('failed', event.version, atMs, event.failure.message);
        return;
      case 'SessionCancelled':
        this.enter('cancelled', event.version, atMs, event.reason);
        return;
      default:
        this.change(event, atMs);
    }
  }


  private enter(phase: Phase, version: number, atMs: number, why = ''): void {
    this.phases.push({ version, atMs, phase, why });
  }

  private change(event: SessionEvent, atMs: number): void {
    if (!('task' in event)) return;
    const task = this.tasks.get(event.task);
    if (task === undefined) return;
    const turn = (state: TaskState, why = ''): void => {
      task.changes.push({ version: event.version, atMs, state, why });
    };
    switch (event.type) {
      case 'MapOpened':
        task.count = event.count;
        return;
      case 'TimerSet':
        task.dueMs = event.due_ms;
        if (task.kind !== 'wait') turn('waiting', 'its time');
        return;
      case 'TaskDoubted':
        turn('waiting', 'somebody to say whether it happened');
        return;
      case 'AttemptFailed':
        task.failure = event.failure;
        task.dueMs = event.retry_ms;
        turn('waiting', `${event.retry_ms ? 'the next attempt' : 'a fix'}: ${event.failure.message}`);
        return;
      case 'TaskEscalated':
        task.failure = event.failure;
        if (event.ask !== null) this.asks.add(task.no);
        turn('waiting', `a person: ${event.ask?.title || event.failure.message}`);
        return;
      case 'TaskRetried':
        // A question that was answered is no attempt that failed.
        if (task.failure === null || !this.asks.delete(task.no)) task.attempts += 1;
        if (event.inputs !== null) task.changed = { version: event.version, inputs: event.inputs };
        task.dueMs = 0;
        turn('running');
        return;
      case 'ChildSessionStarted':
        task.child = event.session;
        return;
      case 'TaskCompleted':
        task.output = event.output;
        if (task.kind === 'model') {
          task.answer = event.output as unknown as ModelAnswer;
          const above = this.tasks.get(task.parent);
          if (above !== undefined) above.answer = task.answer;
        }
        turn('done');
        return;
      case 'TaskFailed':
        task.failure = event.failure;
        turn('failed', event.failure.message);
        return;
      case 'TaskCancelled':
        turn('cancelled');
    }
  }

  private startBelow(
    event: Extract<SessionEvent, { type: 'ChildrenStarted' }>,
    no: number,
    index: number,
    atMs: number,
  ): void {
    const above = this.tasks.get(event.parent);
    const isForAgent = above?.kind === 'agent';
    const call = isForAgent && CALLS.has(event.kind) ? (above.answer?.calls[index] ?? null) : null;
    const more: Partial<Task> = { parent: event.parent, index, call, dueMs: event.due_ms };
    if (isForAgent) more.agent = call !== null && event.kind === 'agent' ? call.tool : above.agent;
    more.label = labelOf(event, index, above, call);
    const task = this.start(no, event, atMs, more);
    above?.below.push(task.no);
  }

  private start(
    no: number,
    event: { node: string; kind: string; version: number },
    atMs: number,
    more: Partial<Task>,
  ): Task {
    const waits = WAITING.has(event.kind);
    const why = waits ? (event.kind === 'approval' ? 'a decision' : 'a signal') : '';
    const node = nodeOf(event.node);
    const task: Task = {
      no,
      node,
      kind: event.kind,
      label: node,
      parent: 0,
      index: -1,
      after: 0,
      agent: event.kind === 'agent' ? (this.agents.get(node) ?? node) : '',
      call: null,
      changed: null,
      changes: [{ version: event.version, atMs, state: waits ? 'waiting' : 'running', why }],
      attempts: 1,
      dueMs: 0,
      count: null,
      child: null,
      output: null,
      answer: null,
      failure: null,
      below: [],
      isPast: false,
      ...more,
    };
    this.tasks.set(no, task);
    return task;
  }
}

/** A task as a recap tells it. Of its past only its begin and its last change are known. */
function taskOf(was: Recap['tasks'][number]): Task {
  const last = { version: was.version, atMs: was.at_ms, state: was.state, why: was.why };
  const waits = WAITING.has(was.kind);
  const first: Change = {
    version: was.began,
    atMs: was.began_ms,
    state: was.kind === '' ? 'skipped' : waits ? 'waiting' : 'running',
    why: waits ? last.why : '',
  };
  const inputs = was.inputs as JsonObject | null;
  return {
    no: was.no,
    node: was.node,
    kind: was.kind,
    label: was.label,
    parent: was.parent,
    index: was.index,
    after: was.after,
    agent: was.agent,
    call: was.call as ToolCall | null,
    changed: inputs === null ? null : { version: was.version, inputs },
    changes: was.version === was.began ? [first] : [first, last],
    attempts: was.attempts,
    dueMs: was.due_ms,
    count: was.count ?? null,
    child: was.child ?? null,
    output: null,
    answer: was.answer as ModelAnswer | null,
    failure: was.failure as Failure | null,
    below: [],
    isPast: isEnded(was.state),
  };
}

/** The node on the canvas that a task's node lies in: the work of a map is `parts.do`. */
export const nodeOf = (node: string): string => node.replace(/(\.do)+$/, '');

export const momentOf = (event: SessionEvent): number => Date.parse(event.at);

function labelOf(
  event: { node: string; kind: string },
  index: number,
  above: Task | undefined,
  call: ToolCall | null,
): string {
  if (event.kind === 'model') return `turn ${index + 1}`;
  if (call !== null) return call.tool;
  const name = nodeOf(event.node);
  if (event.kind === 'recover') return `recover ${name}`;
  if (above?.kind === 'map') return `${name}[${index}]`;
  return above?.kind === 'loop' ? `${name} #${index + 1}` : name;
}

/** What had last happened to a task at a version; undefined: it had not begun. */
export function changeAt(task: Task, at: number): Change | undefined {
  let low = 0;
  let high = task.changes.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((task.changes[middle] as Change).version <= at) low = middle + 1;
    else high = middle;
  }
  return task.changes[low - 1];
}

export function startOf(task: Task): Change {
  return task.changes[0];
}

/** Tasks that had begun at a version, in the order of their start. What was settled before the log
 * begins is in its recap. */
export function* tasksAt(log: SessionLog, at: number): Generator<[Task, Change]> {
  for (const task of log.tasks.values()) {
    const change = changeAt(task, at);
    if (change === undefined) return;
    if (!task.isPast) yield [task, change];
  }
}

/** Where the session was at a version: work that all waits makes it wait. */
export function statusAt(log: SessionLog, at: number): Status {
  const phase = log.phases.findLast((one) => one.version <= at)?.phase ?? 'pending';
  if (phase !== 'running') return phase;
  const parents = new Set<number>();
  const open: [Task, Change][] = [];
  for (const [task, change] of tasksAt(log, at)) {
    if (isEnded(change.state)) continue;
    open.push([task, change]);
    parents.add(task.parent);
  }
  const leaves = open.filter(([task]) => !parents.has(task.no));
  const allWait = leaves.length > 0 && leaves.every(([, change]) => change.state === 'waiting');
  return allWait ? 'waiting' : 'running';
}

/** The version of the event that was the newest at a moment; the first that is known, where that
 * was before. */
export function versionAt(log: SessionLog, momentMs: number): number {
  let low = 0;
  let high = log.events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (momentOf(log.events[middle] as SessionEvent) <= momentMs) low = middle + 1;
    else high = middle;
  }
  return log.first + low;
}

/** A task's labels from the top down; that of a map is in the name of its item. */
export function pathOf(log: SessionLog, no: number): string {
  const labels: string[] = [];
  let task = log.tasks.get(no);
  while (task !== undefined) {
    labels.unshift(task.label);
    const above: Task | undefined = log.tasks.get(task.parent);
    const isItem = above !== undefined && ITEMS.has(above.kind) && task.kind !== 'recover';
    task = isItem ? log.tasks.get(above.parent) : above;
  }
  return labels.join(' / ') || 'session';
}
