import * as Tabs from '@radix-ui/react-tabs';
import { getRouteApi } from '@tanstack/react-router';
import { useMay } from '../../parts/may';
import { ScreenHead } from '../../parts/screen';
import { KeysTab } from './keys';
import { RolesTab } from './roles';
import { type Tab, TABS } from './search';
import { ServerTab } from './server';
import { UsersTab } from './users';

const route = getRouteApi('/shell/settings');

const LABELS: Record<Tab, string> = { keys: 'Keys', users: 'Users', roles: 'Roles', server: 'Server' };

const SCREENS: Record<Tab, () => React.ReactNode> = {
  keys: () => <KeysTab />,
  users: () => <UsersTab />,
  roles: () => <RolesTab />,
  server: () => <ServerTab />,
};

/** Who may do what here, and what the server was started with. */
export function Settings() {
  const { tab = 'keys' } = route.useSearch();
  const navigate = route.useNavigate();
  const may: Record<Tab, boolean> = {
    keys: true,
    users: useMay('accounts:read'),
    roles: true,
    server: useMay('settings:read'),
  };
  return (
    <div className="flex h-full flex-col">
      <ScreenHead title="Settings" />
      <Tabs.Root
        value={tab}
        onValueChange={(one) =>
          void navigate({ search: one === 'keys' ? {} : { tab: one as Tab }, replace: true })
        }
        className="flex min-h-0 flex-1 flex-col"
      >
        <Tabs.List
          aria-label="Settings"
          className="flex shrink-0 gap-1 overflow-x-auto border-b border-line bg-surface px-3"
        >
          {TABS.filter((one) => may[one]).map((one) => (
            <Tabs.Trigger
              key={one}
              value={one}
              className="shrink-0 border-b-2 border-transparent px-2.5 py-2 text-sm text-soft hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
            >
              {LABELS[one]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <Tabs.Content value={tab} className="min-h-0 flex-1 overflow-auto focus-visible:-outline-offset-2">
          <div className="flex max-w-5xl flex-col gap-4 p-4 lg:p-6">{SCREENS[tab]()}</div>
        </Tabs.Content>
      </Tabs.Root>
    </div>
  );
}
