/** Which agent is looked at, and at which of its versions; none: the newest. */
export interface AgentSearch {
  one?: string;
  version?: number;
}

export function agentSearch(search: Record<string, unknown>): AgentSearch {
  const found: AgentSearch = {};
  if (typeof search.one === 'string' && search.one !== '') found.one = search.one;
  const version = Number(search.version);
  if (Number.isInteger(version) && version > 0) found.version = version;
  return found;
}
