/** Which workflow is looked at, at which of its versions; none: the newest. */
export interface WorkflowSearch {
  one?: string;
  version?: number;
}

export function workflowSearch(search: Record<string, unknown>): WorkflowSearch {
  const found: WorkflowSearch = {};
  if (typeof search.one === 'string' && search.one !== '') found.one = search.one;
  const version = Number(search.version);
  if (Number.isInteger(version) && version > 0) found.version = version;
  return found;
}
