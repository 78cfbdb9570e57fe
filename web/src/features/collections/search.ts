/** Which collection is looked at, and what is looked for in it. */
export interface CollectionSearch {
  one?: string;
  q?: string;
}

export function collectionSearch(search: Record<string, unknown>): CollectionSearch {
  const found: CollectionSearch = {};
  for (const name of ['one', 'q'] as const) {
    const text = search[name];
    if (typeof text === 'string' && text !== '') found[name] = text;
    else if (typeof text === 'number') found[name] = String(text);
  }
  return found;
}
