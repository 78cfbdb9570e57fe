// Which session is looked at, where in time, and what of it: shared by all parts of the monitor.

import { createContext, use, useMemo, useSyncExternalStore } from 'react';
import type { Graph } from '../../model/graph';
import type { LiveSession } from './live';
import type { MonitorSearch } from './search';

export interface Place {
  id: string;
  live: LiveSession;
  graph: Graph;
  search: MonitorSearch;
  /** Changes what the address says. */
  go: (part: Partial<Record<keyof MonitorSearch, string | number | undefined>>) => void;
}

export const PlaceContext = createContext<Place | null>(null);

export function usePlace(): Place {
  const place = use(PlaceContext);
  if (place === null) throw new Error('This is shown within a monitor only.');
  return place;
}

export interface Moment extends Place {
  /** The version that is looked at. */
  at: number;
  isNewest: boolean;
  revision: number;
}

/** The place with the session as it is now; whoever uses it is shown anew when that changes. */
export function useMoment(): Moment {
  const place = usePlace();
  const { live, search } = place;
  const revision = useSyncExternalStore(live.subscribe, live.told);
  const newest = live.log.version;
  const at = Math.min(search.at ?? newest, newest);
  return { ...place, at, isNewest: search.at === undefined, revision };
}

/** What a fold gives for the moment that is looked at, made anew only when the log has grown. */
export function useFold<T>(moment: Moment, fold: (at: number) => T): T {
  const { live, at } = moment;
  return useMemo(() => fold(at), [live.log, live.log.version, at]);
}
