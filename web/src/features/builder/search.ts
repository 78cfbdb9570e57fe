/** Which workflow is built, none: a new one; and which of its nodes is looked at. */
export interface BuilderSearch {
  workflow?: string;
  node?: string;
}

export function builderSearch(search: Record<string, unknown>): BuilderSearch {
  const found: BuilderSearch = {};
  for (const name of ['workflow', 'node'] as const) {
    const text = search[name];
    if (typeof text === 'string' && text !== '') found[name] = text;
    else if (typeof text === 'number') found[name] = String(text);
  }
  return found;
}
