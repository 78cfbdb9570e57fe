// How often the server is asked for what no event tells.

const QUEUED_MS = 2_000;
const RUNNING_MS = 5_000;

/** In how many milliseconds a session is asked for again; false: when its log has gone on. A call
 * comes to wait for a worker, and gets one, without an event. */
export function againMs(
  session: { status: string; waits: readonly { by: string }[] } | undefined,
): number | false {
  if (session?.waits.some(({ by }) => by === 'worker')) return QUEUED_MS;
  return session?.status === 'running' ? RUNNING_MS : false;
}
