import { useQuery } from '@tanstack/react-query';
import { differences } from '../../model/diff';
import type { Json } from '../../wire/events';
import { JsonView } from '../../parts/json';
import { Coming, Refused } from '../../parts/said';
import { stateOf } from '../../wire/questions';
import { useMoment } from './place';

const MARKS = {
  added: ['+', 'text-done', 'bg-done-tint'],
  removed: ['−', 'text-fail', 'bg-fail-tint'],
  changed: ['~', 'text-wait', 'bg-wait-tint'],
} as const;

/** The state at the version, and what this version made of the one before. */
export function StateView() {
  const { id, at, log } = useMoment();
  const now = useQuery(stateOf(id, at));
  const before = useQuery(stateOf(id, at - 1));
  if (now.isError) {
    return (
      <div className="p-4">
        <Refused error={now.error} onRetry={() => void now.refetch()} />
      </div>
    );
  }
  if (now.data === undefined) return <Coming />;
  const then = at > 1 ? before.data : { values: {}, outputs: {}, open_tasks: [] };
  const parts = ({ values, outputs }: { values: object; outputs: object }) =>
    ({ values, outputs }) as Json;
  const changes = then === undefined ? null : differences(parts(then), parts(now.data));
  const event = log.event(at);
  const sections: [string, Json, string, number][] = [
    ['Values', now.data.values as Json, 'The workflow declares no state, or nothing was put there.', 2],
    ['Outputs', now.data.outputs as Json, 'No node has given an output yet.', 2],
    ['Open tasks', now.data.open_tasks as Json, 'No task is open.', 1],
  ];
  return (
    <div className="h-full overflow-auto p-4">
      <div className="grid max-w-6xl gap-4 lg:grid-cols-2">
        <section className="min-w-0 lg:order-2">
          <h2 className="mb-2 font-semibold">
            What version {at} changed{event && <span className="font-normal text-soft"> · {event.type}</span>}
          </h2>
          {changes === null && <Coming lines={2} />}
          {changes?.length === 0 && (
            <p className="text-soft">Neither values nor outputs: only how far tasks are.</p>
          )}
          <ul className="flex flex-col gap-2">
            {changes?.map((change) => {
              const [mark, look, tint] = MARKS[change.kind];
              return (
                <li key={change.path} className={`rounded-md px-3 py-2 ${tint}`}>
                  <p className={`font-mono text-xs font-semibold break-all ${look}`}>
                    {mark} {change.path}
                    <span className="sr-only"> {change.kind}</span>
                  </p>
                  {change.kind !== 'added' && (
                    <div className="mt-1 opacity-80">
                      <JsonView value={change.before} open={1} />
                    </div>
                  )}
                  {change.kind === 'changed' && <p className="text-xs text-soft">became</p>}
                  {change.kind !== 'removed' && <JsonView value={change.after} open={2} />}
                </li>
              );
            })}
          </ul>
        </section>
        <div className="flex min-w-0 flex-col gap-4">
          {sections.map(([title, value, none, open]) => (
            <section key={title}>
              <h2 className="mb-1 font-semibold">{title}</h2>
              {Object.keys(value as object).length === 0 ? (
                <p className="text-soft">{none}</p>
              ) : (
                <div className="rounded-md border border-line bg-surface p-3">
                  <JsonView value={value} open={open} />
                </div>
              )}
            </section>
          ))}
        </div>
      </div>
    </div>
  );
}
