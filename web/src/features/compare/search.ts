/** The two sessions that are compared, and the step that is looked at; none: the first difference. */
export interface CompareSearch {
  a?: string;
  b?: string;
  step?: string;
  /** All steps, those that are the same, too. */
  all?: true;
}

export function compareSearch(search: Record<string, unknown>): CompareSearch {
  const found: CompareSearch = {};
  for (const name of ['a', 'b', 'step'] as const) {
    const text = search[name];
    if (typeof text === 'string' && text !== '') found[name] = text;
    else if (typeof text === 'number') found[name] = String(text);
  }
  if (search.all === true) found.all = true;
  return found;
}
