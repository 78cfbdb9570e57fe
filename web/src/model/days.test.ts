import { describe, expect, it } from 'vitest';
import { barsOf, dayOf, daysBefore, daysFrom } from './days';

describe('days', () => {
  it('are counted over months and leap days', () => {
    expect(daysBefore('2028-03-01', 1)).toBe('2028-02-29');
    expect(daysBefore('2026-12-31', -1)).toBe('2027-01-01');
    expect(daysFrom('2026-01-30', '2026-02-02')).toEqual([
      '2026-01-30',
      '2026-01-31',
      '2026-02-01',
      '2026-02-02',
    ]);
  });

  it('are not lost where clocks are put forward', () => {
    expect(daysFrom('2026-01-01', '2026-12-31')).toHaveLength(365);
  });

  it('have the date that it is here', () => {
    expect(dayOf(new Date(2026, 0, 5, 0, 0, 1).getTime())).toBe('2026-01-05');
    expect(dayOf(new Date(2026, 0, 5, 23, 59, 59).getTime())).toBe('2026-01-05');
  });

  it('are bars of the share of the largest, nothing where nothing is known', () => {
    const bars = barsOf(['a', 'b', 'c'], new Map([['a', 2], ['c', 8]]));

    expect(bars.map((bar) => bar.share)).toEqual([0.25, 0, 1]);
    expect(barsOf(['a'], new Map())).toEqual([{ day: 'a', value: 0, share: 0 }]);
  });
});
