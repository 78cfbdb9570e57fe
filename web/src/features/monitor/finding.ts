// Which events the log shows, and what they say. Of a long session only the last part is in the
// page: what came before is searched by the server, and read as far as it is looked at.

import { useInfiniteQuery, useQueries } from '@tanstack/react-query';
import { useMemo } from 'react';
import { found } from '../../model/search';
import type { SessionEvent } from '../../wire/events';
import { eventsBefore, eventsFound, PAGE_EVENTS } from '../../wire/questions';
import type { Moment } from './place';

export interface Found {
  count: number;
  versionAt: (index: number) => number;
  /** The event, where it is at hand. */
  eventAt: (index: number) => SessionEvent | undefined;
  /** The place of a version; -1: it is not among them. */
  indexOf: (version: number) => number;
  /** Has more of them looked for; null: these are all. */
  more: (() => void) | null;
  /** The query that was answered. */
  query: string;
  isComing: boolean;
  error: unknown;
}

/** The events that hold every word of a query, those to come after the version too: a log is looked
 * through, not played. */
export function useFound({ id, live, revision }: Moment, query: string): Found {
  const { log } = live;
  const isLong = log.first > 0;
  const isAsked = isLong && query.trim() !== '';
  const asking = useInfiniteQuery({ ...eventsFound(id, query, log.first), enabled: isAsked });
  const here = useMemo(
    () => found(log.events, query, log.events.length),
    [log, log.version, query],
  );
  return useMemo(() => {
    const earlier = isAsked ? (asking.data?.pages.flatMap((page) => page.items) ?? []) : [];
    const isWhole = !isAsked || (asking.isSuccess && !asking.hasNextPage);
    const before = isLong && !isAsked ? log.first : earlier.length;
    const inWindow = (index: number): SessionEvent | undefined =>
      log.events[here[index - before] ?? -1];
    const eventAt = (index: number): SessionEvent | undefined =>
      index >= before ? inWindow(index) : earlier[index];
    const versionAt = (index: number): number =>
      isLong && !isAsked && index < before ? index + 1 : (eventAt(index)?.version ?? 0);
    const count = before + (isWhole ? here.length : 0);
    return {
      count,
      versionAt,
      eventAt,
      indexOf: (version) => placeOf(version, count, versionAt),
      more: asking.hasNextPage && isAsked ? () => void asking.fetchNextPage() : null,
      query: isAsked && asking.data === undefined ? '' : query,
      isComing: isAsked && asking.isPending,
      error: isAsked ? asking.error : null,
    };
  }, [asking, here, isAsked, isLong, log, query, revision]);
}

function placeOf(version: number, count: number, versionAt: (index: number) => number): number {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (versionAt(middle) < version) low = middle + 1;
    else high = middle;
  }
  return low < count && versionAt(low) === version ? low : -1;
}

/** Gives events of the versions that are shown, which are read where they are not at hand. */
export function useEvents(
  { id, live }: Moment,
  versions: number[],
): (version: number) => SessionEvent | undefined {
  const { log, past } = live;
  const missing = versions.filter((version) => version > 0 && version <= log.first);
  const pages = [...new Set(missing.map((version) => Math.floor((version - 1) / PAGE_EVENTS)))];
  const read = useQueries({ queries: pages.map((page) => eventsBefore(id, page)) });
  return (version) => {
    const known = log.event(version) ?? past?.event(version);
    if (known !== undefined) return known;
    const page = read[pages.indexOf(Math.floor((version - 1) / PAGE_EVENTS))]?.data;
    return page?.[(version - 1) % PAGE_EVENTS];
  };
}
