// Finding events by what they say.

import type { SessionEvent } from '../wire/events';

const texts = new WeakMap<SessionEvent, string>();

/** All that an event says, in small letters. It is made once for each event. */
function textOf(event: SessionEvent): string {
  let text = texts.get(event);
  if (text === undefined) {
    text = JSON.stringify(event).toLowerCase();
    texts.set(event, text);
  }
  return text;
}

/** Indexes of the events up to a version that hold every word of a query, in order. */
export function found(events: readonly SessionEvent[], query: string, at: number): number[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  const indexes: number[] = [];
  for (let index = 0; index < events.length && index < at; index += 1) {
    const event = events[index] as SessionEvent;
    if (words.length === 0 || words.every((word) => textOf(event).includes(word))) {
      indexes.push(index);
    }
  }
  return indexes;
}

/** A line on what an event says, beside its type and the path of its task. */
export function gist(event: SessionEvent): string {
  switch (event.type) {
    case 'SessionStarted':
      return `${event.workflow} by ${event.user || 'nobody named'}`;
    case 'SessionForked':
      return `from ${event.origin} at ${event.origin_version}`;
    case 'ChildrenStarted': {
      const last = event.first + event.count - 1;
      const which = event.count === 1 ? `task ${event.first}` : `tasks ${event.first} to ${last}`;
      return `${event.node}: ${event.kind}, ${which}`;
    }
    case 'TaskStarted':
      return event.kind;
    case 'TaskSkipped':
      return event.node;
    case 'TaskCompleted':
    case 'SessionCompleted':
      return short(event.output);
    case 'AttemptFailed':
    case 'TaskFailed':
    case 'TaskEscalated':
    case 'SessionFailed':
    case 'SessionFailing':
      return event.failure.message;
    case 'Noted':
      return `${event.kind}: ${short(event.data)}`;
    case 'SignalReceived':
      return `${event.name}: ${short(event.data)}`;
    case 'ApprovalDecided':
      return `${event.approved ? 'approved' : 'denied'} by ${event.by || 'expiry'}`;
    case 'ChildSessionStarted':
      return event.session;
    case 'SessionPausing':
    case 'SessionCancelled':
      return event.reason;
    default:
      return '';
  }
}

function short(value: unknown): string {
  const text = typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
  return text.length > 200 ? `${text.slice(0, 199)}…` : text;
}
