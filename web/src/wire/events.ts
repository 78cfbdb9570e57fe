// Written by scripts/write_wire.py from src/tenuto/core/session/events.py. Do not edit.

export type Json = null | boolean | number | string | Json[] | { [name: string]: Json };
export type JsonObject = { [name: string]: Json };

/** What every event has beside its own fields. */
export interface Placed {
  version: number;
  position: number;
  at: string;
  /** Of the task that the event names. */
  path?: string;
}

/** May this effect be carried out, with just these details? Bound to the task that asks it. */
export interface Ask {
  kind: string;
  title: string;
  details: JsonObject;
  assignees: string[];
  quorum: number;
  expires_ms: number;
}

/** Bounds on what a session and all sessions below it may spend; None: no bound. */
export interface Budget {
  tokens: number | null;
  usd: number | null;
  turns: number | null;
  tool_calls: number | null;
  seconds: number | null;
}

/** Why something did not work: its class, a stable code, and a sentence for people. */
export interface Failure {
  kind: 'escalatable' | 'fatal' | 'partial' | 'recoverable' | 'transient';
  code: string;
  message: string;
}

/** One answer: text, wishes to call tools, or both; `data` when the model gave structured output. */
export interface ModelAnswer {
  text: string;
  calls: ToolCall[];
  data: Json;
  finish: 'length' | 'refusal' | 'stop' | 'tools';
  usage: Usage;
  fault: string;
  model: string;
  cached: '' | 'exact' | 'semantic';
  trail: string[];
  purpose: string;
  recalled: Recollection[];
}

/** A memory item as it was recalled for a task. */
export interface Recollection {
  id: string;
  kind: string;
  text: string;
  labels: string[];
}

/** Messages from other agents that a turn of `agent` is shown, by number. */
export interface Shown {
  agent: string;
  messages: number[];
}

/** Amounts of what a budget bounds; time is told by the clock. */
export interface Spending {
  tokens: number;
  usd: number;
  turns: number;
  tool_calls: number;
}

/** How one key of the state takes new values, and what it holds before the first. */
export interface StateKey {
  reducer: 'add' | 'append' | 'extend' | 'max' | 'merge' | 'min' | 'replace' | 'union';
  initial: Json;
}

/** A model's wish to call a tool. */
export interface ToolCall {
  id: string;
  tool: string;
  arguments: JsonObject;
}

/** What a turn cost. */
export interface Usage {
  input_tokens: number;
  output_tokens: number;
  cost_usd: number;
  cached_tokens: number;
}

/** A session began. */
export interface SessionStarted extends Placed {
  type: 'SessionStarted';
  session: string;
  tenant: string;
  user: string;
  workflow: string;
  workflow_version: string;
  digest: string;
  inputs: JsonObject;
  state: Record<string, StateKey>;
  steps_max: number;
  key: string | null;
  parent: string | null;
  parent_effect: string | null;
  depth: number;
  rules: number;
  budget: Budget;
  labels: string[];
}

/** What came before is another session's log up to `origin_version`; from here on this is `session`. */
export interface SessionForked extends Placed {
  type: 'SessionForked';
  session: string;
  origin: string;
  origin_version: number;
  patch: JsonObject;
}

/** A node was activated. */
export interface TaskStarted extends Placed {
  type: 'TaskStarted';
  task: number;
  node: string;
  kind: string;
  after: number;
  captures: string[];
  due_ms: number;
}

/** The list of a map was looked at: it has `count` items. */
export interface MapOpened extends Placed {
  type: 'MapOpened';
  task: number;
  count: number;
}

/** `count` tasks below `parent` began, numbered from `first`, with indexes from `index`. */
export interface ChildrenStarted extends Placed {
  type: 'ChildrenStarted';
  parent: number;
  first: number;
  index: number;
  count: number;
  node: string;
  kind: string;
  captures: string[];
  due_ms: number;
  shown: Shown | null;
}

/** A timer's moment was computed. */
export interface TimerSet extends Placed {
  type: 'TimerSet';
  task: number;
  due_ms: number;
}

/** A `once` effect is about to be carried out: after a crash it is in doubt (P3). */
export interface TaskBegun extends Placed {
  type: 'TaskBegun';
  task: number;
}

/** A `once` effect was in flight when its process died; nobody knows yet whether it happened. */
export interface TaskDoubted extends Placed {
  type: 'TaskDoubted';
  task: number;
}

/** A task's outcome. */
export interface TaskCompleted extends Placed {
  type: 'TaskCompleted';
  task: number;
  output: Json;
  updates: JsonObject | null;
  undo: boolean;
  spent: Spending | null;
  labels: string[];
}

/** One attempt failed; another follows at `retry_ms`, or after `recover` when that is 0. */
export interface AttemptFailed extends Placed {
  type: 'AttemptFailed';
  task: number;
  failure: Failure;
  retry_ms: number;
  jitter: number;
}

/** The next attempt is promised, with `inputs` in place of the node's where not None. */
export interface TaskRetried extends Placed {
  type: 'TaskRetried';
  task: number;
  inputs: JsonObject | null;
  by: string;
}

/** The task waits for a person to say how to go on. */
export interface TaskEscalated extends Placed {
  type: 'TaskEscalated';
  task: number;
  failure: Failure;
  ask: Ask | null;
}

/** A task failed for good. */
export interface TaskFailed extends Placed {
  type: 'TaskFailed';
  task: number;
  failure: Failure;
  goes_on: boolean;
  abandons: boolean;
  spent: Spending | null;
  labels: string[];
}

/** A node was passed by: its branch was not taken or its condition was false. */
export interface TaskSkipped extends Placed {
  type: 'TaskSkipped';
  task: number;
  node: string;
  after: number;
}

/** A task was given up because what it belongs to ended. */
export interface TaskCancelled extends Placed {
  type: 'TaskCancelled';
  task: number;
}

/** Tokens of task `after` arrived at joins and merges that wait for more, or came to their end. */
export interface Routed extends Placed {
  type: 'Routed';
  after: number;
  joins: Record<string, Record<string, boolean> | null>;
  waves: Record<string, [number, number] | null>;
  cycles: Record<string, string[] | null>;
}

/** Something a task wanted on record: a claim, a citation, a measurement. */
export interface Noted extends Placed {
  type: 'Noted';
  task: number;
  kind: string;
  data: Json;
}

/** A signal came from outside and is kept until a wait takes it. */
export interface SignalReceived extends Placed {
  type: 'SignalReceived';
  name: string;
  data: Json;
  by: string;
  labels: string[];
  key: string;
}

/** A wait took the oldest kept signal of its name. */
export interface SignalTaken extends Placed {
  type: 'SignalTaken';
  task: number;
  name: string;
}

/** A person (or expiry) decided on a task that waited for it. */
export interface ApprovalDecided extends Placed {
  type: 'ApprovalDecided';
  task: number;
  approved: boolean;
  by: string;
  note: string;
}

/** The session that a `workflow` task asked for runs under this id. */
export interface ChildSessionStarted extends Placed {
  type: 'ChildSessionStarted';
  task: number;
  session: string;
}

/** A child session that is no longer wanted has been cancelled, or never was. */
export interface ChildReleased extends Placed {
  type: 'ChildReleased';
  effect: string;
}

/** Compensation of completed task `of` began, as task `task`. */
export interface UndoStarted extends Placed {
  type: 'UndoStarted';
  task: number;
  of: number;
}

/** No new work is promised; what runs may finish. */
export interface SessionPausing extends Placed {
  type: 'SessionPausing';
  by: string;
  reason: string;
  task: number;
  short: string;
}

/** Nothing runs any more. */
export interface SessionPaused extends Placed {
  type: 'SessionPaused';
}

/** Work goes on, with `steps` and `budget` more to spend. */
export interface SessionResumed extends Placed {
  type: 'SessionResumed';
  by: string;
  steps: number;
  budget: Budget;
}

/** No token is left. */
export interface SessionCompleting extends Placed {
  type: 'SessionCompleting';
}

/** The session ended well. */
export interface SessionCompleted extends Placed {
  type: 'SessionCompleted';
  output: Json;
}

/** The session cannot end well; what was done is compensated where a node says how. */
export interface SessionFailing extends Placed {
  type: 'SessionFailing';
  failure: Failure;
  task: number;
}

/** The session ended with a failure. */
export interface SessionFailed extends Placed {
  type: 'SessionFailed';
  failure: Failure;
}

/** The session was given up on request. */
export interface SessionCancelled extends Placed {
  type: 'SessionCancelled';
  by: string;
  reason: string;
}

/** The parent session has recorded this session's outcome. */
export interface OutcomeReported extends Placed {
  type: 'OutcomeReported';
}

export type SessionEvent =
  | SessionStarted
  | SessionForked
  | TaskStarted
  | MapOpened
  | ChildrenStarted
  | TimerSet
  | TaskBegun
  | TaskDoubted
  | TaskCompleted
  | AttemptFailed
  | TaskRetried
  | TaskEscalated
  | TaskFailed
  | TaskSkipped
  | TaskCancelled
  | Routed
  | Noted
  | SignalReceived
  | SignalTaken
  | ApprovalDecided
  | ChildSessionStarted
  | ChildReleased
  | UndoStarted
  | SessionPausing
  | SessionPaused
  | SessionResumed
  | SessionCompleting
  | SessionCompleted
  | SessionFailing
  | SessionFailed
  | SessionCancelled
  | OutcomeReported;
