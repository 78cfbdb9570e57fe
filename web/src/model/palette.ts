// Finding what was meant from a few letters.

export interface Entry {
  /** What is shown, and searched. */
  text: string;
  /** What it belongs to: `Go to`, `Start`. */
  group: string;
  /** Other words that mean it. */
  also?: string;
}

/** How well letters fit a text: the higher the better; 0: they are not in it in that order. */
export function fit(query: string, text: string): number {
  const letters = query.toLowerCase().replace(/\s+/g, '');
  const all = text.toLowerCase();
  if (letters === '') return 1;
  const whole = all.indexOf(query.toLowerCase().trim());
  if (whole === 0) return 1_000 - text.length;
  if (whole > 0 && /[\s./:_-]/.test(all[whole - 1] as string)) return 500 - text.length;
  if (whole > 0) return 250 - Math.min(200, text.length);
  let score = 0;
  let at = -1;
  for (const letter of letters) {
    const next = all.indexOf(letter, at + 1);
    if (next < 0) return 0;
    const isBegin = next === 0 || /[\s./:_-]/.test(all[next - 1] as string);
    score += next === at + 1 ? 3 : isBegin ? 2 : 0.1;
    at = next;
  }
  return score / (1 + text.length / 100);
}

/** The entries that fit, best first; of those that fit alike, in their order. */
export function fitting<T extends Entry>(entries: readonly T[], query: string, most = 12): T[] {
  return entries
    .map((entry, index) => ({
      entry,
      index,
      score: Math.max(fit(query, entry.text), fit(query, `${entry.group} ${entry.text}`) * 0.9, fit(query, entry.also ?? '') * 0.8 * Number(entry.also !== undefined)),
    }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score || a.index - b.index)
    .slice(0, most)
    .map(({ entry }) => entry);
}
