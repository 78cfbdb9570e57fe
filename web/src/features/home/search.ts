export const PERIODS = [1, 7, 30] as const;

/** Over how many days it is looked back; none: a week. */
export interface HomeSearch {
  days?: number;
}

export function homeSearch(search: Record<string, unknown>): HomeSearch {
  const days = PERIODS.find((one) => one === Number(search.days));
  return days === undefined || days === 7 ? {} : { days };
}
