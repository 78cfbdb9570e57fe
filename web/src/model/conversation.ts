// What was said, as lanes: one for who started the session, one for each agent.

import type { Json, JsonObject, SessionEvent } from '../wire/events';
import { momentOf, pathOf, type SessionLog, type Task } from './session';

export type Saying =
  | 'asked'
  | 'answered'
  | 'called'
  | 'returned'
  | 'told'
  | 'noted'
  | 'began'
  | 'signalled'
  | 'decided'
  | 'ended';

export interface Said {
  version: number;
  atMs: number;
  task: number;
  path: string;
  kind: Saying;
  /** Who says it: an agent, or `OUTSIDE`. */
  lane: string;
  /** To whom, where it is for other lanes. */
  to: string[];
  title: string;
  text: string;
  /** What there is beside the text. */
  data: Json | undefined;
  isError: boolean;
  /** Of a session that was begun for it: its id. */
  session: string;
  /** Of notes: how many there are. */
  count: number;
}

/** The lane of whoever is not an agent: who started the session, decided, sent signals. */
export const OUTSIDE = 'session';

/** All that was said up to a version, oldest first. */
export function saidAt(log: SessionLog, at: number): Said[] {
  const found: Said[] = [];
  for (const event of log.events) {
    if (event.version > at) break;
    const said = saidBy(log, event);
    if (said === null) continue;
    const before = found.at(-1);
    if (before !== undefined && isMoreOf(before, said)) found[found.length - 1] = joined(before, said);
    else found.push(said);
  }
  return found;
}

/** What one task puts on record at one go is one thing that is said. */
const isMoreOf = (before: Said, said: Said): boolean =>
  said.kind === 'noted' && before.kind === 'noted' && said.task === before.task;

function joined(before: Said, said: Said): Said {
  const notes = Array.isArray(before.data) && before.count > 1 ? before.data : [noteOf(before)];
  const titles = new Set([...before.title.split(', '), said.title]);
  return {
    ...before,
    title: [...titles].join(', '),
    text: '',
    data: [...notes, noteOf(said)],
    count: before.count + 1,
  };
}

const noteOf = (said: Said): Json => ({ [said.title]: said.data ?? said.text });

/** Lanes in the order in which they first speak. */
export function lanesOf(said: readonly Said[]): string[] {
  return [...new Set(said.flatMap((one) => [one.lane, ...one.to]))];
}

function saidBy(log: SessionLog, event: SessionEvent): Said | null {
  switch (event.type) {
    case 'SessionStarted':
      return entry(log, event, 0, { kind: 'asked', title: 'asked', data: event.inputs });
    case 'SessionForked': {
      const title = `took up another session at version ${event.origin_version}`;
      return entry(log, event, 0, { kind: 'asked', title, data: event.patch });
    }
    case 'SignalReceived': {
      const title = `signal ${event.name}${event.by ? ` from ${event.by}` : ''}`;
      return entry(log, event, 0, { kind: 'signalled', title, data: event.data });
    }
    case 'ApprovalDecided': {
      const verdict = event.approved ? 'approved' : 'denied';
      const title = `${verdict} by ${event.by || 'nobody: its time was over'}`;
      return entry(log, event, event.task, { kind: 'decided', title, text: event.note });
    }
    case 'SessionCompleted':
      return entry(log, event, 0, { kind: 'ended', title: 'completed', ...asSaid(event.output) });
    case 'SessionFailed':
      return entry(log, event, 0, {
        kind: 'ended',
        title: 'failed',
        text: event.failure.message,
        isError: true,
      });
    case 'Noted':
      return entry(log, event, event.task, {
        kind: 'noted',
        title: event.kind,
        lane: log.tasks.get(event.task)?.agent || OUTSIDE,
        ...asSaid(event.data),
      });
    case 'ChildSessionStarted':
      return entry(log, event, event.task, {
        kind: 'began',
        title: 'goes on in a session of its own',
        session: event.session,
      });
    case 'TaskCompleted':
    case 'TaskFailed':
      return ofTask(log, event);
    default:
      return null;
  }
}

function ofTask(
  log: SessionLog,
  event: Extract<SessionEvent, { type: 'TaskCompleted' | 'TaskFailed' }>,
): Said | null {
  const task = log.tasks.get(event.task);
  if (task === undefined) return null;
  if (task.kind === 'model') {
    if (event.type === 'TaskFailed') return failed(log, event, task, 'gave no answer');
    return answered(log, event, task);
  }
  if (task.call === null) {
    return event.type === 'TaskFailed' && task.kind !== 'agent'
      ? failed(log, event, task, `${task.label} failed`)
      : null;
  }
  const above = log.tasks.get(task.parent);
  if (event.type === 'TaskFailed') return failed(log, event, task, `${task.call.tool} failed`);
  if (task.kind === 'message') {
    const receipt = event.output as { to?: string[] } | null;
    const text = task.call.arguments.text;
    return entry(log, event, task.no, {
      kind: 'told',
      lane: task.agent,
      to: receipt?.to ?? [],
      title: 'wrote',
      text: typeof text === 'string' ? text : '',
    });
  }
  return entry(log, event, task.no, {
    kind: 'returned',
    lane: task.kind === 'agent' ? task.agent : (above?.agent ?? task.agent),
    to: task.kind === 'agent' && above !== undefined ? [above.agent] : [],
    title: callText(task.call.tool, task.changed?.inputs ?? task.call.arguments),
    ...asSaid(event.output),
  });
}

function answered(
  log: SessionLog,
  event: Extract<SessionEvent, { type: 'TaskCompleted' }>,
  task: Task,
): Said {
  const answer = task.answer;
  const wishes = (answer?.calls ?? []).map((call) => callText(call.tool, call.arguments));
  return entry(log, event, task.no, {
    kind: wishes.length > 0 ? 'called' : 'answered',
    lane: task.agent,
    to: (answer?.calls ?? []).map((call) => call.tool).filter((tool) => isAgent(log, tool)),
    title: wishes.length > 0 ? `wants ${wishes.join(', ')}` : `answered in ${task.label}`,
    text: isJson(answer?.text, answer?.data) ? '' : (answer?.text ?? ''),
    data: answer?.data ?? undefined,
    isError: Boolean(answer?.fault),
  });
}

/** Whether a text only writes the data once more. */
function isJson(text: string | undefined, data: Json | undefined): boolean {
  return data !== undefined && data !== null && /^\s*[{[]/.test(text ?? '');
}

function failed(
  log: SessionLog,
  event: Extract<SessionEvent, { type: 'TaskCompleted' | 'TaskFailed' }>,
  task: Task,
  title: string,
): Said {
  return entry(log, event, task.no, {
    kind: 'returned',
    lane: task.agent || OUTSIDE,
    title,
    text: task.failure?.message ?? '',
    isError: true,
  });
}

function isAgent(log: SessionLog, name: string): boolean {
  for (const task of log.tasks.values()) {
    if (task.kind === 'agent' && task.agent === name) return true;
  }
  return false;
}

function asSaid(value: Json): Partial<Said> {
  return typeof value === 'string' ? { text: value } : { data: value };
}

function entry(
  log: SessionLog,
  event: SessionEvent,
  task: number,
  more: Partial<Said> & { kind: Saying; title: string },
): Said {
  return {
    version: event.version,
    atMs: momentOf(event),
    task,
    path: task === 0 ? '' : pathOf(log, task),
    lane: OUTSIDE,
    to: [],
    text: '',
    data: undefined,
    isError: false,
    session: '',
    count: 1,
    ...more,
  };
}

/** A call as `search(query="fog signals", limit=5)`. */
export function callText(tool: string, given: JsonObject, lengthMax = 80): string {
  const parts = Object.entries(given).map(([name, value]) => `${name}=${JSON.stringify(value)}`);
  const text = `${tool}(${parts.join(', ')})`;
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 2)}…)`;
}
