import { useQuery } from '@tanstack/react-query';
import { matrixOf } from '../../model/roles';
import { Coming, Refused } from '../../parts/said';
import { me } from '../../wire/questions';
import { roles } from './questions';

/** What each role allows. */
export function RolesTab() {
  const asking = useQuery(roles);
  const mine = useQuery(me).data?.roles ?? [];
  if (asking.isError) return <Refused error={asking.error} onRetry={() => void asking.refetch()} />;
  if (asking.data === undefined) return <Coming />;
  const all = asking.data.roles;
  return (
    <div
      className="relative overflow-x-auto rounded-lg border border-line bg-surface"
      tabIndex={0}
      role="region"
      aria-label="Roles"
      data-roles
    >
      <table className="w-full text-sm">
        <caption className="sr-only">What each role allows</caption>
        <thead>
          <tr className="border-b border-line text-left text-soft">
            <th className="px-4 py-2 font-medium">Permission</th>
            {all.map((role) => (
              <th key={role.name} className="px-3 py-2 text-center font-medium">
                {role.name}
                {mine.includes(role.name) && <span className="block text-xs text-accent">you</span>}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {matrixOf(asking.data.permissions, all).map(([permission, held]) => (
            <tr key={permission} className="border-b border-line last:border-b-0">
              <th scope="row" className="px-4 py-1 text-left font-mono text-xs font-normal">
                {permission}
              </th>
              {held.map((is, index) => (
                <td key={all[index]?.name} className="px-3 py-1 text-center">
                  {is ? (
                    <span className="text-done">
                      <span aria-hidden="true">✓</span>
                      <span className="sr-only">yes</span>
                    </span>
                  ) : (
                    <span className="sr-only">no</span>
                  )}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}
