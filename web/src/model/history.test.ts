import { expect, it } from 'vitest';
import { begun, changed, redone, undone } from './history';

it('goes back and forward through changes, wherever they were made', () => {
  const made = changed(changed(begun('a'), 'ab', 'typing'), 'ac', '');

  expect(undone(made).text).toBe('ab');
  expect(undone(undone(made)).text).toBe('a');
  expect(undone(undone(undone(made))).text).toBe('a');
  expect(redone(undone(made))).toEqual({ ...made, by: '' });
});

it('takes what is typed on as one change', () => {
  const made = changed(changed(begun('a'), 'ab', 'typing'), 'abc', 'typing');

  expect(undone(made).text).toBe('a');
  expect(undone(changed(changed(made, 'x', ''), 'xy', 'typing')).text).toBe('x');
});

it('knows no future once something else was done, and no change that changes nothing', () => {
  const made = changed(undone(changed(begun('a'), 'b', '')), 'c', '');

  expect(redone(made)).toBe(made);
  expect(changed(made, 'c', '')).toBe(made);
});
