import { describe, expect, it } from 'vitest';
import { bytesText, marked } from './bytes';

describe('an amount of data', () => {
  it('is told in the unit that fits it', () => {
    expect([70, 12_400, 3_100_000].map(bytesText)).toEqual(['70 B', '12.4 kB', '3.1 MB']);
  });
});

describe('what was searched for', () => {
  it('is marked where a word begins so, in either case, and loses nothing of the text', () => {
    const pieces = marked('Letters go out. A letter that asks.', 'letter');

    expect(pieces.filter((one) => one.isHit).map((one) => one.text)).toEqual(['Letters', 'letter']);
    expect(pieces.map((one) => one.text).join('')).toBe('Letters go out. A letter that asks.');
  });

  it('marks nothing where nothing is searched for', () => {
    expect(marked('a (b)', ' .*')).toEqual([{ text: 'a (b)', isHit: false }]);
  });

  it('marks words of any alphabet', () => {
    expect(marked('Größe und Maß', 'maß').at(-1)).toEqual({ text: 'Maß', isHit: true });
  });
});
