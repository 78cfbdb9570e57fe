import { describe, expect, test } from 'vitest';
import { againMs } from './asking';

describe('A session that is looked at', () => {
  const waiting = { status: 'running', waits: [{ by: 'worker' }] };

  test('is asked for again while a call waits for a worker, which no event tells', () => {
    expect(againMs(waiting)).toBe(2_000);
    expect(againMs({ ...waiting, waits: [{ by: 'person' }, { by: 'worker' }] })).toBe(2_000);
  });

  test('is asked for more rarely while it runs', () => {
    expect(againMs({ status: 'running', waits: [] })).toBe(5_000);
  });

  test('is asked for no more where only an event changes what is shown', () => {
    expect(againMs({ status: 'waiting', waits: [{ by: 'person' }] })).toBe(false);
    expect(againMs({ status: 'completed', waits: [] })).toBe(false);
    expect(againMs(undefined)).toBe(false);
  });
});
