// What went wrong, as the server tells it (RFC 9457), or as we have to where it said nothing.

import type { components } from './api';

export type ProblemDetails = components['schemas']['Problem'];

/** Shown as it is: `detail` says what happened, `hint` what to do. */
export class Problem extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    readonly detail: string,
    readonly hint: string,
    readonly errors: readonly { [name: string]: unknown }[] = [],
    readonly traceId = '',
  ) {
    super(detail);
  }

  get isMissingLogin(): boolean {
    return this.status === 401;
  }
}

export function problemOf(error: unknown): Problem {
  if (error instanceof Problem) return error;
  if (error instanceof TypeError) {
    return new Problem(
      0,
      'unreachable',
      'The server does not answer.',
      'Is `tenuto serve` running? What is shown here is tried again by itself.',
    );
  }
  const text = error instanceof Error ? error.message : String(error);
  return new Problem(0, 'unexpected', text, 'Load the page again.');
}

export async function problemIn(response: Response): Promise<Problem> {
  try {
    const told = (await response.json()) as Partial<ProblemDetails>;
    return new Problem(
      response.status,
      told.code ?? String(response.status),
      told.detail ?? told.title ?? response.statusText,
      told.hint ?? '',
      (told.errors ?? []) as { [name: string]: unknown }[],
      told.trace_id ?? '',
    );
  } catch {
    return new Problem(
      response.status,
      String(response.status),
      `The answer was ${response.status} ${response.statusText} and said no more.`,
      'Something between this page and the server may have answered in its place.',
    );
  }
}
