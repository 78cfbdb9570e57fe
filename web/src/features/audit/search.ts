/** Which entries of the audit log are looked at. */
export interface AuditSearch {
  actor?: string;
  action?: string;
  kind?: string;
  target?: string;
  since?: string;
  until?: string;
  one?: string;
}

export function auditSearch(search: Record<string, unknown>): AuditSearch {
  const found: AuditSearch = {};
  for (const name of ['actor', 'action', 'kind', 'target', 'one'] as const) {
    const text = search[name];
    if (typeof text === 'string' && text !== '') found[name] = text;
    else if (typeof text === 'number') found[name] = String(text);
  }
  for (const name of ['since', 'until'] as const) {
    const day = search[name];
    if (typeof day === 'string' && /^\d{4}-\d\d-\d\d$/.test(day)) found[name] = day;
  }
  return found;
}
