import { useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, Link } from '@tanstack/react-router';
import { lazy, Suspense, useState } from 'react';
import { Ago } from '../../parts/ago';
import { Button, buttonLook } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused, Standing } from '../../parts/said';
import { Facts, ScreenHead, Section, Sure } from '../../parts/screen';
import { Split } from '../../parts/split';
import { Versions } from '../../parts/versions';
import { api, got } from '../../wire/client';
import type { Json } from '../../wire/events';
import { workflows } from '../../wire/questions';
import { drawing, versions, workflow, type WorkflowDetail } from './questions';
import type { WorkflowSearch } from './search';

const Canvas = lazy(() => import('../builder/canvas').then((found) => ({ default: found.Canvas })));

const route = getRouteApi('/shell/workflows');

type Go = (search: WorkflowSearch) => void;

/** What can be started: what the server offers, and what was registered. */
export function Workflows() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const asking = useQuery(workflows);
  const mayWrite = useMay('workflows:write');
  const items = asking.data?.items ?? [];
  const go: Go = (next) => void navigate({ search: next, replace: true });
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title="Workflows"
        count={asking.data && String(items.length)}
        actions={
          mayWrite && (
            <Link to="/builder" className={buttonLook('main')}>
              <Icon name="plus" />
              Build a workflow
            </Link>
          )
        }
      />
      <Standing asking={asking}>
        {asking.data !== undefined && items.length === 0 && (
          <Nothing title="There are no workflows yet">
            Build one here, or give <code>tenuto serve</code> a file or a module.
          </Nothing>
        )}
      </Standing>
      {items.length > 0 && (
        <Split
          label="Workflows"
          back="All workflows"
          items={items}
          keyOf={(one) => one.name}
          chosen={search.one}
          onChoose={(one) => go(one === undefined ? {} : { one })}
          row={(one) => (
            <>
              <span className="flex items-center gap-2">
                <span className="min-w-0 flex-1 truncate font-medium">{one.name}</span>
                <span className="shrink-0 text-xs text-soft">
                  {one.source === 'server' ? 'of the server' : `version ${one.version}`}
                </span>
              </span>
              <span className="line-clamp-2 text-sm text-soft">{one.description}</span>
            </>
          )}
        >
          {(name) => <One name={name} version={search.version} go={go} />}
        </Split>
      )}
    </div>
  );
}

interface OneProps {
  name: string;
  version: number | undefined;
  go: Go;
}

function One({ name, version, go }: OneProps) {
  const asking = useQuery(workflow(name, version));
  const newest = useQuery(workflow(name));
  if (asking.isError) {
    return (
      <div className="p-4">
        <Refused error={asking.error} onRetry={() => void asking.refetch()} />
      </div>
    );
  }
  if (asking.data === undefined) return <Coming />;
  const one = asking.data;
  return (
    <article className="flex max-w-5xl flex-col gap-6 p-4">
      <header className="flex flex-wrap items-start gap-3">
        <div className="min-w-0 flex-1">
          <h2 className="text-lg font-semibold">{one.name}</h2>
          <p className="text-soft">{one.description}</p>
        </div>
        <Actions one={one} go={go} />
      </header>
      <Facts
        facts={[
          ['Version', one.workflow_version],
          ['From', one.source === 'server' ? 'the server' : 'the organisation'],
          ['Changed', one.updated_at && <Ago at={one.updated_at} />],
          ['Digest', <code className="text-xs break-all">{one.digest}</code>],
        ]}
      />
      <div className="h-96 overflow-hidden rounded-lg border border-line">
        <Drawing name={name} version={version} />
      </div>
      {one.source === 'organisation' && <Past one={one} newest={newest.data} version={version} go={go} />}
      {one.text && (
        <Section title="Text">
          <pre
            tabIndex={0}
            className="overflow-x-auto rounded-lg border border-line bg-surface p-3 font-mono text-xs leading-5"
          >
            {one.text}
          </pre>
        </Section>
      )}
    </article>
  );
}

function Drawing({ name, version }: { name: string; version: number | undefined }) {
  const asking = useQuery(drawing(name, version));
  const [chosen, setChosen] = useState<string | number>();
  if (asking.isError) return <Refused error={asking.error} />;
  if (asking.data === undefined) return <Coming />;
  const { nodes, edges } = asking.data;
  return (
    <Suspense fallback={<Coming />}>
      <Canvas
        nodes={nodes.map(({ id, kind, ref }) => ({ id, kind, ref: ref ?? '', fault: '' }))}
        edges={edges.map(({ from, to, kind, label }) => ({ from, to, kind: kind ?? '', label: label ?? '' }))}
        chosen={chosen}
        onChoose={setChosen}
      />
    </Suspense>
  );
}

function Actions({ one, go }: { one: WorkflowDetail; go: Go }) {
  const queries = useQueryClient();
  const mayWrite = useMay('workflows:write');
  const mayStart = useMay('sessions:start');
  const [isDeleting, setDeleting] = useState(false);
  return (
    <div className="flex flex-wrap gap-2">
      <Link to="/sessions" search={{ workflow: one.name }} className={buttonLook('quiet')}>
        Sessions
      </Link>
      {one.text !== '' && (
        <Link to="/builder" search={{ workflow: one.name }} className={buttonLook()}>
          Open in the builder
        </Link>
      )}
      {mayWrite && one.source === 'organisation' && (
        <Button tone="danger" onClick={() => setDeleting(true)}>
          Delete
        </Button>
      )}
      {mayStart && (
        <Link to="/sessions" search={{ start: one.name }} className={buttonLook('main')}>
          Start
        </Link>
      )}
      {isDeleting && (
        <Sure
          title={`Delete ${one.name}`}
          verb="Delete it"
          act={() => got(api.DELETE('/api/v1/workflows/{name}', { params: { path: { name: one.name } } }))}
          onDone={() => {
            go({});
            void queries.invalidateQueries({ queryKey: ['workflows'] });
          }}
          onClose={() => setDeleting(false)}
        >
          It can be started no more. Its sessions go on.
        </Sure>
      )}
    </div>
  );
}

interface PastProps {
  one: WorkflowDetail;
  newest: WorkflowDetail | undefined;
  version: number | undefined;
  go: Go;
}

function Past({ one, newest, version, go }: PastProps) {
  const told = useQuery(versions(one.name)).data?.items ?? [];
  if (told.length < 2) return null;
  return (
    <Versions
      told={told}
      version={version}
      onChoose={(chosen) => go(chosen === undefined ? { one: one.name } : { one: one.name, version: chosen })}
      before={one.definition as Json}
      newest={newest?.definition as Json | undefined}
    />
  );
}
