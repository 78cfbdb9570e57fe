// Which session is looked at, where in time, and what of it: shared by all parts of the monitor.

import { createContext, use, useEffect, useMemo, useSyncExternalStore } from 'react';
import type { Graph } from '../../model/graph';
import type { SessionLog } from '../../model/session';
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
  /** The part of the session's log that it lies in. */
  log: SessionLog;
  /** That part is on its way: `log` is another one. */
  isComing: boolean;
  revision: number;
}

/** The place with the session as it is now; whoever uses it is shown anew when that changes. */
export function useMoment(): Moment {
  const place = usePlace();
  const { live, search } = place;
  const revision = useSyncExternalStore(live.subscribe, live.told);
  const newest = live.log.version;
  const at = Math.min(search.at ?? newest, newest);
  const known = live.logAt(at);
  const isComing = known === null;
  const log = known ?? live.log;
  return { ...place, at, isNewest: search.at === undefined, log, isComing, revision };
}

/** Has the part of the log read that is looked at. */
export function useReach({ live, at, isComing }: Moment): void {
  useEffect(() => {
    if (isComing) void live.reach(at);
  }, [live, at, isComing]);
}

/** What a fold gives for the moment that is looked at, made anew only when the log has grown. */
export function useFold<T>(moment: Moment, fold: (at: number) => T): T {
  const { log, at } = moment;
  return useMemo(() => fold(at), [log, log.version, at]);
}
