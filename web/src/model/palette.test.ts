import { describe, expect, it } from 'vitest';
import { fit, fitting } from './palette';

const ENTRIES = [
  { group: 'Go to', text: 'Sessions' },
  { group: 'Go to', text: 'Settings', also: 'keys users roles' },
  { group: 'Start', text: 'research' },
  { group: 'Agent', text: 'office.clerk' },
];

describe('a few letters', () => {
  it('find what begins so before what only contains them', () => {
    expect(fitting(ENTRIES, 'se').map((one) => one.text)).toEqual(['Sessions', 'Settings', 'research']);
  });

  it('find a word within, other words for it, and its group', () => {
    expect(fitting(ENTRIES, 'clerk')[0]?.text).toBe('office.clerk');
    expect(fitting(ENTRIES, 'users')[0]?.text).toBe('Settings');
    expect(fitting(ENTRIES, 'start res')[0]?.text).toBe('research');
  });

  it('fit in their order, not in another', () => {
    expect(fit('sns', 'Sessions')).toBeGreaterThan(0);
    expect(fit('zs', 'Sessions')).toBe(0);
    expect(fit('snoisses', 'Sessions')).toBe(0);
  });

  it('show all in their order where nothing is typed, and no more than asked for', () => {
    expect(fitting(ENTRIES, '').map((one) => one.text)).toEqual(ENTRIES.map((one) => one.text));
    expect(fitting(ENTRIES, '', 2)).toHaveLength(2);
  });
});
