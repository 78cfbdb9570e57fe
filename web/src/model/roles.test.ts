import { expect, it } from 'vitest';
import { matrixOf } from './roles';

it('tells of each permission which roles allow it', () => {
  const roles = [
    { name: 'viewer', permissions: ['a:read'] },
    { name: 'admin', permissions: ['a:read', 'a:write'] },
  ];

  expect(matrixOf(['a:read', 'a:write', 'b:read'], roles)).toEqual([
    ['a:read', [true, true]],
    ['a:write', [false, true]],
    ['b:read', [false, false]],
  ]);
});
