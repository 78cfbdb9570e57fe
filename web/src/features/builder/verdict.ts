import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { components } from '../../wire/api';
import { sent } from '../../wire/texts';

/** Something that is wrong with a workflow, and where. */
export interface Mistake {
  message: string;
  path?: string;
  line?: number;
  column?: number;
  suggestion?: string;
}

export interface Told {
  state: 'asking' | 'fine' | 'wrong' | 'unknown';
  errors: Mistake[];
  /** Why nobody knows. */
  problem: unknown;
}

const TYPING_MS = 350;
const NONE: Mistake[] = [];

/** What the server says of the text, a moment after it was changed last. */
export function useVerdict(text: string): Told {
  const [settled, setSettled] = useState(text);
  useEffect(() => {
    const clock = setTimeout(() => setSettled(text), TYPING_MS);
    return () => clearTimeout(clock);
  }, [text]);
  const asking = useQuery({
    queryKey: ['verdict', settled],
    queryFn: () =>
      sent<components['schemas']['Verdict']>({
        method: 'POST',
        path: '/api/v1/workflows/validate',
        body: settled,
        type: 'application/yaml',
      }),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 60_000,
    placeholderData: keepPreviousData,
  });
  const errors = (asking.data?.errors as unknown as Mistake[] | undefined) ?? NONE;
  const isBehind = asking.isPlaceholderData || settled !== text;
  const state = asking.isError
    ? 'unknown'
    : asking.data === undefined || isBehind
      ? 'asking'
      : asking.data.valid
        ? 'fine'
        : 'wrong';
  return { state, errors, problem: asking.error };
}
