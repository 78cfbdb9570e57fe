import { differences } from '../model/diff';
import type { Json } from '../wire/events';
import { JsonView } from './json';

/** What is different between two values, place by place. */
export function Changes({ before, after }: { before: Json | undefined; after: Json | undefined }) {
  const changed = differences(before, after);
  if (changed.length === 0) return <p className="text-soft">Nothing is different.</p>;
  return (
    <ul className="flex flex-col gap-2">
      {changed.map((one) => (
        <li key={one.path} className="rounded-lg border border-line bg-surface px-3 py-2">
          <p className="font-mono text-xs font-medium">{one.path || 'all of it'}</p>
          {one.before !== undefined && (
            <div className="mt-1 flex gap-2">
              <span className="font-mono text-fail">
                −<span className="sr-only"> before</span>
              </span>
              <JsonView value={one.before} open={1} />
            </div>
          )}
          {one.after !== undefined && (
            <div className="mt-1 flex gap-2">
              <span className="font-mono text-done">
                +<span className="sr-only"> after</span>
              </span>
              <JsonView value={one.after} open={1} />
            </div>
          )}
        </li>
      ))}
    </ul>
  );
}
