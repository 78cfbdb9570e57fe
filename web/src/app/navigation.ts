// The screens, in the order of the navigation. A new screen is a line here and a route.

import type { IconName } from '../parts/icons';

export interface Screen {
  path: '/sessions' | '/approvals';
  label: string;
  icon: IconName;
  /** What it takes to see it. */
  permission: string;
}

export const SCREENS: readonly Screen[] = [
  { path: '/sessions', label: 'Sessions', icon: 'sessions', permission: 'sessions:read' },
  { path: '/approvals', label: 'Approvals', icon: 'approvals', permission: 'approvals:read' },
];
