export const TABS = ['keys', 'users', 'roles', 'server'] as const;

export type Tab = (typeof TABS)[number];

export interface SettingSearch {
  tab?: Tab;
}

export function settingSearch(search: Record<string, unknown>): SettingSearch {
  const tab = TABS.find((one) => one === search.tab);
  return tab === undefined || tab === 'keys' ? {} : { tab };
}
