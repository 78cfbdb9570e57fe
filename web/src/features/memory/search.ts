export const KINDS = ['semantic', 'episodic', 'procedural'] as const;

export type Kind = (typeof KINDS)[number];

/** In the address: what is kept for all agents, or for all users, which have no name. */
export const SHARED = '-';

export interface MemorySearch {
  q?: string;
  agent?: string;
  user?: string;
  kind?: Kind;
  /** Those that were superseded, too. */
  past?: true;
  one?: string;
}

export function memorySearch(search: Record<string, unknown>): MemorySearch {
  const found: MemorySearch = {};
  for (const name of ['q', 'agent', 'user', 'one'] as const) {
    const text = search[name];
    if (typeof text === 'string' && text !== '') found[name] = text;
    else if (typeof text === 'number') found[name] = String(text);
  }
  const kind = KINDS.find((one) => one === search.kind);
  if (kind !== undefined) found.kind = kind;
  if (search.past === true) found.past = true;
  return found;
}
