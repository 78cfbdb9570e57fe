import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link } from '@tanstack/react-router';
import { useState } from 'react';
import { plural } from '../../model/words';
import { Ago } from '../../parts/ago';
import { Button } from '../../parts/controls';
import { JsonView } from '../../parts/json';
import { useMay } from '../../parts/may';
import { Coming, Refused } from '../../parts/said';
import { Facts, Section, Sure, Tag } from '../../parts/screen';
import { StatusMark } from '../../parts/status';
import { api, got } from '../../wire/client';
import type { Json } from '../../wire/events';
import { me, session } from '../../wire/questions';
import { type Item, item } from './questions';
import type { Kind } from './search';

/** The kind of the notes that tell so in a log. */
const KEPT = 'memory.kept';

const KIND_LOOKS: Record<Kind, string> = {
  semantic: 'bg-run-tint text-run',
  episodic: 'bg-pause-tint text-pause',
  procedural: 'bg-done-tint text-done',
};

const KIND_WORDS: Record<Kind, string> = {
  semantic: 'a fact or a preference',
  episodic: 'what happened',
  procedural: 'a way that was tried',
};

export const KindTag = ({ kind }: { kind: Kind }) => <Tag look={KIND_LOOKS[kind]}>{kind}</Tag>;

export function Whose({ one }: { one: Item }) {
  return `${one.agent || 'all agents'} · ${one.user || 'everybody'}`;
}

interface Props {
  id: string;
  /** As the list has it; else it is asked for. */
  known: Item | undefined;
  mayManage: boolean;
  onChoose: (id: string | undefined) => void;
}

/** One thing remembered: all that is known of it, where it came from, and how to be rid of it. */
export function ItemView({ id, known, mayManage, onChoose }: Props) {
  const asking = useQuery({ ...item(id), enabled: known === undefined && mayManage });
  const one = known ?? asking.data;
  if (asking.isError) {
    return (
      <div className="p-4">
        <Refused error={asking.error} />
      </div>
    );
  }
  if (one === undefined) return <Coming />;
  return (
    <article className="flex max-w-3xl flex-col gap-5 p-4">
      <header className="flex flex-wrap items-start gap-3">
        <div className="min-w-0 flex-1">
          <h2 className="sr-only">{one.key || 'Remembered'}</h2>
          <p className="text-base whitespace-pre-wrap">{one.text}</p>
        </div>
        <Forget one={one} mayManage={mayManage} onGone={() => onChoose(undefined)} />
      </header>
      <Facts
        facts={[
          ['Kind', <><KindTag kind={one.kind} /> <span className="text-soft">{KIND_WORDS[one.kind]}</span></>],
          ['Agent', one.agent || 'all agents of the user'],
          ['User', one.user || 'everybody'],
          ['Key', one.key],
          ['Importance', <Importance share={one.importance} />],
          ['Labels', one.labels.length > 0 && one.labels.map((label) => <Tag key={label} look="bg-wait-tint text-wait">{label}</Tag>)],
          ['Kept', <Ago at={one.created_at} />],
          ['Expires', one.expires_at ? <Ago at={one.expires_at} /> : 'never by itself'],
          ['Recalled', one.accessed_at ? <>{plural(one.access_count, 'time')}, last <Ago at={one.accessed_at} /></> : 'never'],
          ['Superseded by', one.superseded_by && <Other id={one.superseded_by} onChoose={onChoose} />],
          ['Sums up', (one.sums_up ?? []).length > 0 && (one.sums_up ?? []).map((other) => <Other key={other} id={other} onChoose={onChoose} />)],
        ].filter(([, value]) => value !== false) as [string, React.ReactNode][]}
      />
      {one.data !== null && one.data !== undefined && (
        <Section title="Data">
          <JsonView value={one.data as Json} />
        </Section>
      )}
      <Section title="Where it came from">
        <Origin one={one} />
      </Section>
    </article>
  );
}

function Importance({ share }: { share: number }) {
  return (
    <span className="inline-flex items-center gap-2">
      <span aria-hidden="true" className="h-1.5 w-20 overflow-hidden rounded-full bg-off-tint">
        <span className="block h-full bg-accent" style={{ width: `${share * 100}%` }} />
      </span>
      <span className="nums">{share.toFixed(2)}</span>
    </span>
  );
}

function Other({ id, onChoose }: { id: string; onChoose: (id: string) => void }) {
  return (
    <button
      type="button"
      className="block max-w-full truncate font-mono text-xs text-accent underline"
      onClick={() => onChoose(id)}
    >
      {id}
    </button>
  );
}

/** The session and the very event that kept it; or who put it there. */
function Origin({ one }: { one: Item }) {
  const asking = useQuery({ ...session(one.session ?? ''), enabled: one.session !== null });
  const mayAudit = useMay('audit:read');
  if (one.session === null) {
    return (
      <p className="text-soft">
        A person put it there, by hand or through the API.{' '}
        {mayAudit && (
          <Link to="/audit" search={{ target: one.id }} className="text-accent underline">
            Who that was
          </Link>
        )}
      </p>
    );
  }
  const found = asking.data;
  return (
    <div className="flex flex-col gap-2 rounded-lg border border-line bg-surface p-3">
      <p className="flex flex-wrap items-center gap-2">
        {found && <StatusMark status={found.status} />}
        <span className="font-medium">{found?.workflow ?? 'Session'}</span>
        <code className="truncate text-xs text-soft">{one.session}</code>
        {found && <Ago at={found.started_at} />}
      </p>
      {asking.isError && <p className="text-soft">That session is not there any more.</p>}
      <p className="flex flex-wrap gap-x-4 gap-y-1 text-sm">
        <Link
          to="/sessions/$id"
          params={{ id: one.session }}
          search={{ view: 'log', q: `${KEPT} ${one.id}`, ...(one.task ? { task: one.task } : {}) }}
          className="text-accent underline"
        >
          The event that kept it
        </Link>
        <Link
          to="/sessions/$id"
          params={{ id: one.session }}
          search={{ view: 'conversation', ...(one.task ? { task: one.task } : {}) }}
          className="text-accent underline"
        >
          What was said there
        </Link>
      </p>
    </div>
  );
}

function Forget({ one, mayManage, onGone }: { one: Item; mayManage: boolean; onGone: () => void }) {
  const queries = useQueryClient();
  const mine = useQuery(me).data?.user === one.user;
  const mayOwn = useMay('memory:write') && mine && one.agent !== '' && one.key !== '';
  const [isAsked, setAsked] = useState(false);
  if (!mayManage && !mayOwn) return null;
  const forget = (): Promise<unknown> =>
    mayManage
      ? got(api.DELETE('/api/v1/memory/{item_id}', { params: { path: { item_id: one.id } } }))
      : got(
          api.DELETE('/api/v1/agents/{agent_id}/memory/{key}', {
            params: { path: { agent_id: one.agent, key: one.key } },
          }),
        );
  return (
    <>
      <Button tone="danger" onClick={() => setAsked(true)}>
        Forget
      </Button>
      {isAsked && (
        <Sure
          title="Forget it"
          verb="Forget it"
          act={forget}
          onDone={() => {
            setAsked(false);
            onGone();
            void queries.invalidateQueries({ queryKey: ['memory'] });
          }}
          onClose={() => setAsked(false)}
        >
          <p>It can be recovered from nowhere. Summaries that tell of it go with it.</p>
          <p className="mt-2 line-clamp-4 rounded-md bg-sunken px-3 py-2">{one.text}</p>
        </Sure>
      )}
    </>
  );
}
