import * as Tabs from '@radix-ui/react-tabs';
import { useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, useMemo, useState } from 'react';
import { agentsOf, type Graph } from '../../model/graph';
import type { Recap } from '../../model/session';
import { Coming, Refused } from '../../parts/said';
import { graphOf } from '../../wire/questions';
import { ConversationView } from './conversation';
import { CostView } from './cost';
import { Head } from './head';
import { LiveSession, recapBehind } from './live';
import { LogView } from './log';
import { type Place, PlaceContext, useMoment, useReach } from './place';
import { type MonitorSearch, type View, VIEWS } from './search';
import { Side } from './side';
import { StateView } from './state';
import { TimelineView } from './timeline';
import { Transport } from './transport';

const graphView = () => import('./graph');
const GraphView = lazy(() => graphView().then((found) => ({ default: found.GraphView })));

const MigrationView = lazy(() => import('./migration'));

const route = getRouteApi('/shell/sessions/$id');

/** One session: as it is, as it was at any version, and what can be done about it. */
export function Monitor() {
  const { id } = route.useParams();
  return <Opened key={id} id={id} />;
}

function Opened({ id }: { id: string }) {
  const asking = useQuery(graphOf(id));
  // What takes longest is asked for first; a refusal is told where it is waited for.
  const [begins] = useState(() => {
    const recap = recapBehind(id);
    recap.catch(() => {});
    return recap;
  });
  const { view } = route.useSearch();
  useEffect(() => {
    if (view === undefined || view === 'graph') void graphView();
  }, [view]);
  if (asking.isError) {
    return (
      <div className="mx-auto max-w-xl p-6">
        <h1 className="sr-only">Session {id}</h1>
        <Refused error={asking.error} onRetry={() => void asking.refetch()} />
      </div>
    );
  }
  if (asking.data === undefined) return <Coming />;
  return <Watched id={id} graph={asking.data} begins={begins} />;
}

interface WatchedProps {
  id: string;
  graph: Graph;
  begins: Promise<Recap>;
}

function Watched({ id, graph, begins }: WatchedProps) {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const [live] = useState(() => new LiveSession(id, agentsOf(graph), begins));
  useEffect(() => live.start(), [live]);
  const place = useMemo<Place>(
    () => ({
      id,
      live,
      graph,
      search,
      go: (part) => {
        void navigate({
          search: (before) => ({ ...before, ...part }) as MonitorSearch,
          replace: true,
          resetScroll: false,
        });
      },
    }),
    [id, live, graph, search, navigate],
  );
  return (
    <PlaceContext value={place}>
      <Screen />
    </PlaceContext>
  );
}

const LABELS: Record<View, string> = {
  graph: 'Graph',
  timeline: 'Timeline',
  conversation: 'Conversation',
  log: 'Log',
  state: 'State',
  cost: 'Cost',
  migration: 'Migration',
};

const SCREENS: Record<View, () => React.ReactNode> = {
  graph: () => <GraphView />,
  timeline: () => <TimelineView />,
  conversation: () => <ConversationView />,
  log: () => <LogView />,
  state: () => <StateView />,
  cost: () => <CostView />,
  migration: () => <MigrationView />,
};

/** The nodes by which a workflow is known as one that moves a database. */
const OF_MIGRATIONS = ['think', 'prepare', 'work', 'verify'];

function Screen() {
  const moment = useMoment();
  const { live, graph, search, go } = moment;
  useReach(moment);
  const nodes = new Set(graph.nodes.map((node) => node.id));
  const isMigration = OF_MIGRATIONS.every((node) => nodes.has(node));
  const views = VIEWS.filter((one) => one !== 'migration' || isMigration);
  const view = search.view ?? 'graph';
  if (live.connection === 'refused' && live.log.version === 0) {
    return (
      <div className="mx-auto max-w-xl p-6">
        <Refused error={live.problem} />
      </div>
    );
  }
  return (
    <div className="flex h-full flex-col">
      <Head />
      <Tabs.Root
        value={view}
        onValueChange={(one) => go({ view: one })}
        className="flex min-h-0 flex-1 flex-col"
      >
        <Tabs.List
          aria-label="Views of the session"
          className="flex shrink-0 gap-1 overflow-x-auto border-b border-line bg-surface px-3 [scrollbar-width:none]"
        >
          {views.map((one) => (
            <Tabs.Trigger
              key={one}
              value={one}
              className="shrink-0 border-b-2 border-transparent px-2.5 py-2 text-sm text-soft hover:text-ink focus-visible:-outline-offset-2 data-[state=active]:border-accent data-[state=active]:font-medium data-[state=active]:text-ink"
            >
              {LABELS[one]}
            </Tabs.Trigger>
          ))}
        </Tabs.List>
        <div className="flex min-h-0 flex-1 flex-col md:flex-row">
          <Tabs.Content
            value={view}
            className="relative min-h-0 min-w-0 flex-1 focus-visible:-outline-offset-2"
          >
            {live.log.version === 0 || (moment.isComing && view !== 'log') ? (
              <Coming />
            ) : (
              <Suspense fallback={<Coming />}>{SCREENS[view]()}</Suspense>
            )}
          </Tabs.Content>
          <Side />
        </div>
      </Tabs.Root>
      <Transport />
    </div>
  );
}
