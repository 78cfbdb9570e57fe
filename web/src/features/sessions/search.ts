import type { SessionStatus } from '../../wire/questions';

/** What the address of the list says; what is not said is not filtered. */
export interface SessionSearch {
  status?: SessionStatus[];
  workflow?: string;
  user?: string;
  q?: string;
  since?: string;
  until?: string;
  all?: true;
  start?: string;
}

export const STATUSES: readonly SessionStatus[] = [
  'running',
  'waiting',
  'paused',
  'completed',
  'failed',
  'cancelled',
];

export function sessionSearch(search: Record<string, unknown>): SessionSearch {
  const found: SessionSearch = {};
  const given = Array.isArray(search.status) ? search.status : [search.status];
  const status = STATUSES.filter((one) => given.includes(one));
  if (status.length > 0) found.status = status;
  for (const name of ['workflow', 'user', 'q', 'start'] as const) {
    const text = search[name];
    if (typeof text === 'string' && text !== '') found[name] = text;
    else if (typeof text === 'number') found[name] = String(text);
  }
  for (const name of ['since', 'until'] as const) {
    const day = search[name];
    if (typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day)) found[name] = day;
  }
  if (search.all === true) found.all = true;
  return found;
}
