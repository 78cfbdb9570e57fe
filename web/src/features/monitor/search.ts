export const VIEWS = ['graph', 'timeline', 'conversation', 'log', 'state', 'cost', 'migration'] as const;

export type View = (typeof VIEWS)[number];

/** A moment of a session: paste the address, and somebody else sees the same. */
export interface MonitorSearch {
  view?: View;
  /** The version that is looked at; none: the newest, as it comes. */
  at?: number;
  task?: number;
  q?: string;
}

export function monitorSearch(search: Record<string, unknown>): MonitorSearch {
  const found: MonitorSearch = {};
  const view = VIEWS.find((one) => one === search.view);
  if (view !== undefined) found.view = view;
  for (const name of ['at', 'task'] as const) {
    const number = Number(search[name]);
    if (Number.isInteger(number) && number > 0) found[name] = number;
  }
  if (typeof search.q === 'string' && search.q !== '') found.q = search.q;
  else if (typeof search.q === 'number') found.q = String(search.q);
  return found;
}
