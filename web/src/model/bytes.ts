/** An amount of data in one unit: `70 B`, `12.4 kB`, `3.1 MB`. */
export function bytesText(bytes: number): string {
  if (bytes < 1_000) return `${bytes} B`;
  if (bytes < 1_000_000) return `${(bytes / 1_000).toFixed(1)} kB`;
  return `${(bytes / 1_000_000).toFixed(1)} MB`;
}

export interface Piece {
  text: string;
  isHit: boolean;
}

/** A text in pieces, of which those are marked that begin with a word of the query. */
export function marked(text: string, query: string): Piece[] {
  const words = query.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? [];
  if (words.length === 0) return [{ text, isHit: false }];
  const pieces: Piece[] = [];
  for (const part of text.split(/([\p{L}\p{N}]+)/u)) {
    if (part === '') continue;
    const isHit = words.some((word) => part.toLowerCase().startsWith(word));
    const last = pieces.at(-1);
    if (last !== undefined && last.isHit === isHit) last.text += part;
    else pieces.push({ text: part, isHit });
  }
  return pieces;
}
