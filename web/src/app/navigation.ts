// The screens, in the order of the navigation. A new screen is a line here and a route.

import type { IconName } from '../parts/icons';

export interface Screen {
  path:
    | '/'
    | '/sessions'
    | '/approvals'
    | '/workflows'
    | '/agents'
    | '/memory'
    | '/collections'
    | '/models'
    | '/audit'
    | '/settings';
  label: string;
  icon: IconName;
  /** What it takes to see it. */
  permission: string;
}

export const SCREENS: readonly Screen[] = [
  { path: '/', label: 'Home', icon: 'home', permission: 'sessions:read' },
  { path: '/sessions', label: 'Sessions', icon: 'sessions', permission: 'sessions:read' },
  { path: '/approvals', label: 'Approvals', icon: 'approvals', permission: 'approvals:read' },
  { path: '/workflows', label: 'Workflows', icon: 'workflows', permission: 'workflows:read' },
  { path: '/agents', label: 'Agents', icon: 'agents', permission: 'agents:read' },
  { path: '/memory', label: 'Memory', icon: 'memory', permission: 'memory:read' },
  { path: '/collections', label: 'Collections', icon: 'collections', permission: 'collections:read' },
  { path: '/models', label: 'Models', icon: 'models', permission: 'models:read' },
  { path: '/audit', label: 'Audit', icon: 'audit', permission: 'audit:read' },
  { path: '/settings', label: 'Settings', icon: 'settings', permission: 'keys:own' },
];
