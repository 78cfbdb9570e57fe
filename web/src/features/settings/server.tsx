import { useQuery } from '@tanstack/react-query';
import { bytesText } from '../../model/bytes';
import { Coming, Refused } from '../../parts/said';
import { Facts } from '../../parts/screen';
import { server } from './questions';

const yes = (is: boolean): string => (is ? 'yes' : 'no');
const list = (items: readonly string[]): string => items.join(', ') || 'none';

/** What the server was started with; it is changed where it is started. */
export function ServerTab() {
  const asking = useQuery(server);
  if (asking.isError) return <Refused error={asking.error} onRetry={() => void asking.refetch()} />;
  if (asking.data === undefined) return <Coming />;
  const told = asking.data;
  const limits = Object.entries(told.limits).filter(([, bounds]) => bounds.length > 0);
  return (
    <div className="rounded-lg border border-line bg-surface p-4">
      <Facts
        facts={[
          ['Version', `${told.version}, Python ${told.python}`],
          ['Database', told.database],
          ['Login', yes(told.login)],
          ['Providers of logins', list(told.oidc_providers)],
          ['Workflows', list(told.workflows)],
          ['Limits', limits.length === 0 ? 'none' : limits.map(([of, bounds]) => `${of}: ${bounds.join(', ')}`).join('; ')],
          ['Live streams of one user', told.streams_max === 0 ? 'any number' : told.streams_max],
          ['Largest request', bytesText(told.body_bytes_max)],
          ['Hosts', list(told.hosts)],
          ['Origins', list(told.origins)],
          ['Proxies', list(told.proxies)],
          ['Webhooks to private networks', yes(told.private_webhooks)],
          ['A token for metrics', yes(told.metrics_token)],
        ]}
      />
    </div>
  );
}
