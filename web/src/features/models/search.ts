import type { By } from '../../wire/questions';

export const GROUPS: readonly By[] = ['model', 'agent', 'user', 'workflow', 'day'];

/** Whose spending is looked at, and from when to when; none: of all time. */
export interface ModelSearch {
  by?: By;
  since?: string;
  until?: string;
}

export function modelSearch(search: Record<string, unknown>): ModelSearch {
  const found: ModelSearch = {};
  const by = GROUPS.find((one) => one === search.by);
  if (by !== undefined && by !== 'model') found.by = by;
  for (const name of ['since', 'until'] as const) {
    const day = search[name];
    if (typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day)) found[name] = day;
  }
  return found;
}
