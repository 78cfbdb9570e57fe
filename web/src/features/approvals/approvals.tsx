import { useQuery } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { agoText } from '../../model/words';
import { useNow } from '../../parts/clock';
import { Keys } from '../../parts/controls';
import { Nothing, Standing } from '../../parts/said';
import { useSteps } from '../../parts/split';
import { approvals, type Approval } from '../../wire/questions';
import { Decide } from './decide';

const route = getRouteApi('/shell/approvals');

export const placeOf = (one: Approval): string => `${one.session}/${one.task}`;

/** What waits for a person: the list, and beside it the one that is looked at. */
export function Approvals() {
  const asking = useQuery(approvals);
  const { one: chosen } = route.useSearch();
  const navigate = route.useNavigate();
  const items = asking.data?.items ?? [];
  const at = items.findIndex((item) => placeOf(item) === chosen);
  const shown = at >= 0 ? items[at] : chosen === undefined ? items[0] : undefined;
  const go = (one: string | undefined): void => {
    void navigate({ search: one === undefined ? {} : { one }, replace: true });
  };
  useSteps(items.map(placeOf), chosen, go);
  return (
    <div className="flex h-full flex-col">
      <header className="flex flex-wrap items-center gap-3 border-b border-line bg-surface px-4 py-3">
        <h1 className="text-lg font-semibold">Approvals</h1>
        <span className="nums text-soft">{asking.data && items.length}</span>
        <p className="ml-auto hidden items-center gap-3 text-xs text-soft md:flex">
          <span>
            <Keys>j</Keys> <Keys>k</Keys> next, before
          </span>
          <span>
            <Keys>a</Keys> approve
          </span>
          <span>
            <Keys>r</Keys> deny
          </span>
        </p>
      </header>
      <Standing asking={asking}>
        {asking.data !== undefined && items.length === 0 && chosen === undefined && (
          <Nothing title="Nothing waits for you">
            What an agent may not do by itself, and what a workflow asks of people, comes here.
          </Nothing>
        )}
      </Standing>
      {asking.data !== undefined && (items.length > 0 || chosen !== undefined) && (
        <div className="flex min-h-0 flex-1 flex-col md:flex-row">
          <ul
            aria-label="Open approvals"
            className={`${chosen === undefined ? '' : 'max-md:hidden'} shrink-0 overflow-auto border-line md:w-80 md:border-r`}
          >
            {items.map((item) => (
              <li key={placeOf(item)}>
                <Entry one={item} isChosen={item === shown} onChoose={() => go(placeOf(item))} />
              </li>
            ))}
          </ul>
          <div className={`${chosen === undefined ? 'max-md:hidden' : ''} min-h-0 min-w-0 flex-1 overflow-auto`}>
            <button
              type="button"
              className="px-4 pt-3 text-sm text-accent underline md:hidden"
              onClick={() => go(undefined)}
            >
              All approvals
            </button>
            {shown === undefined ? (
              <Nothing title="It is decided">
                <p>That question is no longer open.</p>
                <Link
                  to="/sessions/$id"
                  params={{ id: (chosen ?? '').split('/')[0] ?? '' }}
                  className="text-accent underline"
                >
                  Open its session
                </Link>
              </Nothing>
            ) : (
              <Decide
                key={placeOf(shown)}
                one={shown}
                onDecided={() => {
                  const next = items[at + 1] ?? items[at - 1];
                  go(next === undefined || next === shown ? undefined : placeOf(next));
                }}
              />
            )}
          </div>
        </div>
      )}
    </div>
  );
}

interface EntryProps {
  one: Approval;
  isChosen: boolean;
  onChoose: () => void;
}

function Entry({ one, isChosen, onChoose }: EntryProps) {
  const nowMs = useNow();
  return (
    <button
      type="button"
      aria-current={isChosen ? 'true' : undefined}
      onClick={onChoose}
      className={`flex w-full flex-col gap-0.5 border-b border-line px-4 py-2.5 text-left hover:bg-surface focus-visible:-outline-offset-2 ${isChosen ? 'bg-tint' : ''}`}
    >
      <span className="flex items-center gap-2">
        <span className="min-w-0 flex-1 truncate font-medium">{one.title}</span>
        <Risk risk={one.risk} />
      </span>
      <span className="flex gap-2 text-sm text-soft">
        <span className="min-w-0 flex-1 truncate">
          {one.workflow}
          {one.agent && ` · ${one.agent}`}
        </span>
        <span className="nums shrink-0">
          {one.expires_at
            ? `ends ${agoText(Date.parse(one.expires_at), nowMs)}`
            : agoText(Date.parse(one.since), nowMs)}
        </span>
      </span>
    </button>
  );
}

const RISKS: Record<Approval['risk'], [string, string] | null> = {
  unknown: null,
  read_only: ['reads only', 'bg-off-tint text-off'],
  changes: ['changes', 'bg-wait-tint text-wait'],
  destructive: ['cannot be undone', 'bg-fail-tint text-fail'],
};

export function Risk({ risk }: { risk: Approval['risk'] }) {
  const look = RISKS[risk];
  if (look === null) return null;
  return (
    <span className={`shrink-0 rounded-full px-2 py-0.5 text-xs font-medium ${look[1]}`}>
      {look[0]}
    </span>
  );
}
