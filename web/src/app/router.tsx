// Addresses of screens. Every filter and every place in time is in the address.

import type { QueryClient } from '@tanstack/react-query';
import {
  createRootRoute,
  createRoute,
  createRouter,
  lazyRouteComponent,
  Link,
  Outlet,
} from '@tanstack/react-router';
import { agentSearch } from '../features/agents/search';
import { approvalSearch } from '../features/approvals/search';
import { auditSearch } from '../features/audit/search';
import { builderSearch } from '../features/builder/search';
import { collectionSearch } from '../features/collections/search';
import { compareSearch } from '../features/compare/search';
import { homeSearch } from '../features/home/search';
import { Login } from '../features/login/login';
import { memorySearch } from '../features/memory/search';
import { modelSearch } from '../features/models/search';
import { monitorSearch } from '../features/monitor/search';
import { sessionSearch } from '../features/sessions/search';
import { Sessions } from '../features/sessions/sessions';
import { settingSearch } from '../features/settings/search';
import { workflowSearch } from '../features/workflows/search';
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
  getParentRoute: () => shell,
  path: '/',
  component: lazyRouteComponent(() => import('../features/home/home'), 'Home'),
  validateSearch: homeSearch,
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

const agents = createRoute({
  getParentRoute: () => shell,
  path: '/agents',
  component: lazyRouteComponent(() => import('../features/agents/agents'), 'Agents'),
  validateSearch: agentSearch,
});

const memory = createRoute({
  getParentRoute: () => shell,
  path: '/memory',
  component: lazyRouteComponent(() => import('../features/memory/memory'), 'Memory'),
  validateSearch: memorySearch,
});

const collections = createRoute({
  getParentRoute: () => shell,
  path: '/collections',
  component: lazyRouteComponent(() => import('../features/collections/collections'), 'Collections'),
  validateSearch: collectionSearch,
});

const models = createRoute({
  getParentRoute: () => shell,
  path: '/models',
  component: lazyRouteComponent(() => import('../features/models/models'), 'Models'),
  validateSearch: modelSearch,
});

const audit = createRoute({
  getParentRoute: () => shell,
  path: '/audit',
  component: lazyRouteComponent(() => import('../features/audit/audit'), 'Audit'),
  validateSearch: auditSearch,
});

const settings = createRoute({
  getParentRoute: () => shell,
  path: '/settings',
  component: lazyRouteComponent(() => import('../features/settings/settings'), 'Settings'),
  validateSearch: settingSearch,
});

const compare = createRoute({
  getParentRoute: () => shell,
  path: '/compare',
  component: lazyRouteComponent(() => import('../features/compare/compare'), 'Compare'),
  validateSearch: compareSearch,
});

const workflows = createRoute({
  getParentRoute: () => shell,
  path: '/workflows',
  component: lazyRouteComponent(() => import('../features/workflows/workflows'), 'Workflows'),
  validateSearch: workflowSearch,
});

const builder = createRoute({
  getParentRoute: () => shell,
  path: '/builder',
  component: lazyRouteComponent(() => import('../features/builder/builder'), 'Builder'),
  validateSearch: builderSearch,
});

export const makeRouter = (queries: QueryClient) =>
  createRouter({
    routeTree: root.addChildren([
      login,
      shell.addChildren([
        home,
        sessions,
        monitor,
        approvals,
        agents,
        memory,
        collections,
        models,
        audit,
        settings,
        compare,
        workflows,
        builder,
      ]),
    ]),
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
