import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { bytesText, marked } from '../../model/bytes';
import { plural } from '../../model/words';
import { Ago } from '../../parts/ago';
import { Button, IconButton, Input, Labelled } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused, Standing } from '../../parts/said';
import { Facts, ScreenHead, Section, Sure } from '../../parts/screen';
import { SearchBox } from '../../parts/searchbox';
import { Split } from '../../parts/split';
import { Foot, Window } from '../../parts/window';
import type { components } from '../../wire/api';
import { api, asked, got, once } from '../../wire/client';
import { problemIn } from '../../wire/problem';
import type { CollectionSearch } from './search';
import { Upload } from './upload';

type Collection = components['schemas']['Collection'];
type Document = components['schemas']['Document'];

interface Passage {
  file: string;
  first_line: number;
  last_line: number;
  heading: string[];
  text: string;
  score: number;
}

const route = getRouteApi('/shell/collections');

const collections = queryOptions({
  queryKey: ['collections'],
  queryFn: () => got(api.GET('/api/v1/collections')),
});

const documents = (collection_id: string) =>
  queryOptions({
    queryKey: ['collections', collection_id, 'documents'],
    queryFn: () =>
      got(
        api.GET('/api/v1/collections/{collection_id}/documents', {
          params: { path: { collection_id } },
        }),
      ),
  });

const passages = (collection_id: string, q: string) =>
  queryOptions({
    queryKey: ['collections', collection_id, 'search', q],
    queryFn: () =>
      got(
        api.GET('/api/v1/collections/{collection_id}/search', {
          params: { path: { collection_id }, query: { q, limit: 20 } },
        }),
      ),
    enabled: q !== '',
  });

/** Documents that agents may look into. */
export function Collections() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const asking = useQuery(collections);
  const mayWrite = useMay('collections:write');
  const [isMaking, setMaking] = useState(false);
  const items = asking.data ?? [];
  const go = (part: CollectionSearch): void => void navigate({ search: part, replace: true });
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title="Collections"
        count={asking.data && String(items.length)}
        actions={
          mayWrite && (
            <Button tone="main" onClick={() => setMaking(true)}>
              <Icon name="plus" />
              Make a collection
            </Button>
          )
        }
      />
      <Standing asking={asking}>
        {asking.data !== undefined && items.length === 0 && (
          <Nothing title="There are no collections yet">
            A collection holds documents that agents look into and cite: text, Markdown, HTML, PDF, Word.
          </Nothing>
        )}
      </Standing>
      {items.length > 0 && (
        <Split
          label="Collections"
          back="All collections"
          items={items}
          keyOf={(one) => one.id}
          chosen={search.one}
          onChoose={(one) => go(one === undefined ? {} : { one })}
          row={(one) => (
            <>
              <span className="truncate font-medium">{one.name}</span>
              <span className="line-clamp-2 text-sm text-soft">{one.description}</span>
            </>
          )}
        >
          {(id) => {
            const one = items.find((each) => each.id === id);
            return one === undefined ? (
              <Nothing title="There is no such collection">It may have been deleted.</Nothing>
            ) : (
              <CollectionView one={one} q={search.q ?? ''} go={go} />
            );
          }}
        </Split>
      )}
      {isMaking && <MakeWindow onClose={() => setMaking(false)} onDone={(one) => go({ one })} />}
    </div>
  );
}

interface ViewProps {
  one: Collection;
  q: string;
  go: (part: CollectionSearch) => void;
}

function CollectionView({ one, q, go }: ViewProps) {
  const queries = useQueryClient();
  const mayWrite = useMay('collections:write');
  const mayUpload = useMay('documents:write');
  const mayRead = useMay('documents:read');
  const [isDeleting, setDeleting] = useState(false);
  return (
    <article className="flex max-w-4xl flex-col gap-6 p-4">
      <header className="flex flex-wrap items-start gap-3">
        <div className="min-w-0 flex-1">
          <h2 className="text-lg font-semibold">{one.name}</h2>
          <p className="text-soft">{one.description}</p>
        </div>
        {mayWrite && (
          <Button tone="danger" onClick={() => setDeleting(true)}>
            Delete
          </Button>
        )}
      </header>
      <Facts
        facts={[
          ['For workflows', <code className="text-xs break-all">{one.ref}</code>],
          ['Id', <code className="text-xs">{one.id}</code>],
          ['Changed', <Ago at={one.updated_at} />],
        ]}
      />
      {mayRead && (
        <Section title="Search">
          <SearchBox
            label="Search the documents"
            placeholder="as an agent would search"
            text={q}
            onChange={(text) => go({ one: one.id, ...(text ? { q: text } : {}) })}
          />
          {q !== '' && <Passages id={one.id} q={q} />}
        </Section>
      )}
      {mayRead && (
        <Section title="Documents">
          {mayUpload && <Upload collection={one.id} />}
          <Documents id={one.id} mayDelete={mayUpload} />
        </Section>
      )}
      {isDeleting && (
        <Sure
          title={`Delete ${one.name}`}
          verb="Delete it with its documents"
          act={() =>
            got(
              api.DELETE('/api/v1/collections/{collection_id}', {
                params: { path: { collection_id: one.id } },
              }),
            )
          }
          onDone={() => {
            go({});
            void queries.invalidateQueries({ queryKey: ['collections'] });
          }}
          onClose={() => setDeleting(false)}
        >
          All its documents are deleted. Agents that are given it find nothing in it.
        </Sure>
      )}
    </article>
  );
}

function Passages({ id, q }: { id: string; q: string }) {
  const asking = useQuery(passages(id, q));
  if (asking.isError) return <Refused error={asking.error} onRetry={() => void asking.refetch()} />;
  if (asking.data === undefined) return <Coming lines={3} />;
  const found = asking.data.passages as unknown as Passage[];
  return (
    <div className="flex flex-col gap-2" data-passages>
      {asking.data.unmatched.length > 0 && (
        <p className="text-sm text-soft">
          In no document: {asking.data.unmatched.map((word) => `“${word}”`).join(', ')}.
        </p>
      )}
      {found.length === 0 && <p className="text-soft">No passage fits.</p>}
      <ol className="flex flex-col gap-2">
        {found.map((one) => (
          <li
            key={`${one.file} ${one.first_line} ${one.last_line}`}
            className="rounded-lg border border-line bg-surface px-3 py-2"
          >
            <p className="flex gap-2 text-xs text-soft">
              <span className="min-w-0 flex-1 truncate">
                <span className="font-medium text-ink">{one.file}</span>
                {one.heading.length > 0 && ` · ${one.heading.join(' › ')}`}
              </span>
              <span className="nums shrink-0">
                {one.first_line === one.last_line
                  ? `line ${one.first_line}`
                  : `lines ${one.first_line}–${one.last_line}`}
              </span>
              <span className="nums shrink-0" title="How well it fits">
                {one.score.toFixed(2)}
              </span>
            </p>
            <p className="mt-1 whitespace-pre-wrap">
              {marked(one.text, q).map((piece, index) =>
                piece.isHit ? (
                  <mark key={index} className="rounded-xs bg-wait-tint text-ink">
                    {piece.text}
                  </mark>
                ) : (
                  piece.text
                ),
              )}
            </p>
          </li>
        ))}
      </ol>
    </div>
  );
}

async function download(one: Document): Promise<void> {
  const answer = await asked(new Request(`/api/v1/documents/${one.id}/content`));
  if (!answer.ok) throw await problemIn(answer);
  const link = document.createElement('a');
  link.href = URL.createObjectURL(await answer.blob());
  link.download = one.file;
  link.click();
  URL.revokeObjectURL(link.href);
}

function Documents({ id, mayDelete }: { id: string; mayDelete: boolean }) {
  const queries = useQueryClient();
  const asking = useQuery(documents(id));
  const saving = useMutation({ mutationFn: download });
  const [doomed, setDoomed] = useState<Document | null>(null);
  if (asking.isError) return <Refused error={asking.error} onRetry={() => void asking.refetch()} />;
  if (asking.data === undefined) return <Coming lines={2} />;
  if (asking.data.length === 0) return <p className="text-soft">There are no documents in it yet.</p>;
  return (
    <>
      <p className="text-sm text-soft">{plural(asking.data.length, 'document')}</p>
      {saving.isError && <Refused error={saving.error} />}
      <ul className="overflow-hidden rounded-lg border border-line bg-surface" data-documents>
        {asking.data.map((one) => (
          <li key={one.id} className="flex items-center gap-3 border-t border-line px-3 py-1.5 first:border-t-0">
            <span className="min-w-0 flex-1">
              <span className="block truncate font-medium">{one.title || one.file}</span>
              <span className="block truncate text-xs text-soft">{one.file}</span>
            </span>
            <span className="nums shrink-0 text-sm text-soft">{bytesText(one.bytes)}</span>
            <span className="hidden shrink-0 text-sm text-soft sm:inline">
              <Ago at={one.updated_at} />
            </span>
            <IconButton label={`Download ${one.file}`} tone="quiet" onClick={() => saving.mutate(one)}>
              <Icon name="download" />
            </IconButton>
            {mayDelete && (
              <IconButton label={`Delete ${one.file}`} tone="quiet" onClick={() => setDoomed(one)}>
                <Icon name="close" />
              </IconButton>
            )}
          </li>
        ))}
      </ul>
      {doomed !== null && (
        <Sure
          title={`Delete ${doomed.file}`}
          verb="Delete it"
          act={() =>
            got(
              api.DELETE('/api/v1/documents/{document_id}', {
                params: { path: { document_id: doomed.id } },
              }),
            )
          }
          onDone={() => {
            setDoomed(null);
            void queries.invalidateQueries({ queryKey: ['collections', id] });
          }}
          onClose={() => setDoomed(null)}
        >
          It is found by nobody any more.
        </Sure>
      )}
    </>
  );
}

function MakeWindow({ onClose, onDone }: { onClose: () => void; onDone: (id: string) => void }) {
  const queries = useQueryClient();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [key] = useState(once);
  const [isSent, setSent] = useState(false);
  const making = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/collections', {
          params: { header: key },
          body: { name: name.trim(), description: description.trim() },
        }),
      ),
    onSuccess: async (made) => {
      await queries.invalidateQueries({ queryKey: ['collections'] });
      onClose();
      onDone(made.id);
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSent(true);
    if (name.trim() !== '') making.mutate();
  };
  return (
    <Window title="Make a collection" onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
        <Labelled label="Name" error={isSent && name.trim() === '' ? 'Enter a value.' : undefined}>
          {(props) => (
            <Input {...props} name="name" value={name} onChange={(event) => setName(event.target.value)} />
          )}
        </Labelled>
        <Labelled label="Description" isRequired={false}>
          {(props) => (
            <Input
              {...props}
              name="description"
              value={description}
              onChange={(event) => setDescription(event.target.value)}
            />
          )}
        </Labelled>
        <Foot acting={making} onClose={onClose}>
          Make it
        </Foot>
      </form>
    </Window>
  );
}
