// Addresses of screens. Every filter and every place in time is in the address.

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  Outlet,
  redirect,
} from '@tanstack/react-router';
import { approvalSearch } from '../features/approvals/search';
import { Login } from '../features/login/login';
import { monitorSearch } from '../features/monitor/search';
import { sessionSearch } from '../features/sessions/search';
import { Sessions } from '../features/sessions/sessions';
import { Coming, Nothing, Refused } from '../parts/said';
import { Shell } from './shell';

const root = createRootRoute({
  component: Outlet,
  errorComponent: ({ error, reset }) => (
    <main className="mx-auto max-w-xl p-6">
      <Refused error={error} onRetry={reset} />
    </main>
  ),
  notFoundComponent: () => (
    <main>
      <Nothing title="There is no such screen">
        <Link to="/sessions" className="text-accent underline">
          To the sessions
        </Link>
      </Nothing>
    </main>
  ),
});

const shell = createRoute({ getParentRoute: () => root, id: 'shell', component: Shell });

const home = createRoute({
  getParentRoute: () => root,
  path: '/',
  beforeLoad: () => {
    throw redirect({ to: '/sessions' });
  },
});

const login = createRoute({
  getParentRoute: () => root,
  path: '/login',
  component: Login,
  validateSearch: (search): { to?: string } =>
    typeof search.to === 'string' ? { to: search.to } : {},
});

const sessions = createRoute({
  getParentRoute: () => shell,
  path: '/sessions',
  component: Sessions,
  validateSearch: sessionSearch,
});

const monitor = createRoute({
  getParentRoute: () => shell,
  path: '/sessions/$id',
  component: lazyRouteComponent(() => import('../features/monitor/monitor'), 'Monitor'),
  validateSearch: monitorSearch,
});

const approvals = createRoute({
  getParentRoute: () => shell,
  path: '/approvals',
  component: lazyRouteComponent(() => import('../features/approvals/approvals'), 'Approvals'),
  validateSearch: approvalSearch,
});

export const makeRouter = (queries: QueryClient) =>
  createRouter({
    routeTree: root.addChildren([home, login, shell.addChildren([sessions, monitor, approvals])]),
    context: { queries },
    defaultPreload: 'intent',
    defaultPendingComponent: () => <Coming />,
    scrollRestoration: false,
  });

declare module '@tanstack/react-router' {
  interface Register {
    router: ReturnType<typeof makeRouter>;
  }
}
