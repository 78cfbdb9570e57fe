import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { getRouteApi } from '@tanstack/react-router';
import { useState } from 'react';
import { countText, plural } from '../../model/words';
import { Ago } from '../../parts/ago';
import { Button, Select } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused } from '../../parts/said';
import { Figure, ScreenHead } from '../../parts/screen';
import { FilterInput, SearchBox } from '../../parts/searchbox';
import { More, Split } from '../../parts/split';
import { agent, agents } from '../../wire/questions';
import { ItemView, KindTag, Whose } from './item';
import { type Item, items, recalled, statistics } from './questions';
import { RememberWindow } from './remember';
import { KINDS, type MemorySearch, SHARED } from './search';

const route = getRouteApi('/shell/memory');

/** What agents remember: of everybody for who looks after it, else of who is logged in. */
export function Memory() {
  const search = route.useSearch();
  const navigate = route.useNavigate();
  const mayManage = useMay('memory:manage');
  const mayWrite = useMay('memory:write');
  const [isAdding, setAdding] = useState(false);
  const known = useQuery(agents).data?.items ?? [];
  const names = [...new Set(known.map((one) => one.name))].sort();
  const change = (part: Partial<MemorySearch>): void => {
    const next = { ...search, one: undefined, ...part };
    void navigate({ search: next as MemorySearch, replace: true });
  };
  return (
    <div className="flex h-full flex-col">
      <ScreenHead
        title="Memory"
        actions={
          mayWrite && (
            <Button onClick={() => setAdding(true)}>
              <Icon name="plus" />
              Add
            </Button>
          )
        }
      >
        <Filters search={search} change={change} names={names} mayManage={mayManage} />
        {mayManage && <Numbers search={search} />}
      </ScreenHead>
      <Found search={search} mayManage={mayManage} change={change} />
      {isAdding && (
        <RememberWindow
          names={names}
          agent={search.agent === SHARED ? '' : (search.agent ?? '')}
          onClose={() => setAdding(false)}
        />
      )}
    </div>
  );
}

interface FiltersProps {
  search: MemorySearch;
  change: (part: Partial<MemorySearch>) => void;
  names: string[];
  mayManage: boolean;
}

function Filters({ search, change, names, mayManage }: FiltersProps) {
  const all = search.agent && search.agent !== SHARED ? [...new Set([...names, search.agent])] : names;
  return (
    <div className="flex flex-wrap items-center gap-2">
      <SearchBox
        label="Search memory"
        placeholder="what would be recalled"
        text={search.q ?? ''}
        onChange={(q) => change({ q: q || undefined } as MemorySearch)}
      />
      <Select
        aria-label="Agent"
        className="w-auto! max-w-44"
        value={search.agent ?? ''}
        onChange={(event) => change({ agent: event.target.value || undefined } as MemorySearch)}
      >
        <option value="">{mayManage ? 'any agent' : 'choose an agent'}</option>
        {mayManage && <option value={SHARED}>shared by all agents</option>}
        {all.map((name) => (
          <option key={name}>{name}</option>
        ))}
      </Select>
      {mayManage && (
        <FilterInput
          label="User"
          placeholder="any user"
          text={search.user ?? ''}
          onChange={(user) => change({ user: user || undefined } as MemorySearch)}
        />
      )}
      {search.q === undefined && (
        <>
          <div role="group" aria-label="Kind" className="flex flex-wrap gap-1">
            {KINDS.map((kind) => (
              <button
                key={kind}
                type="button"
                aria-pressed={search.kind === kind}
                onClick={() => change({ kind: search.kind === kind ? undefined : kind } as MemorySearch)}
                className={`h-8 rounded-full border px-2.5 text-sm ${
                  search.kind === kind
                    ? 'border-accent bg-tint font-medium text-accent'
                    : 'border-line text-soft hover:border-firm hover:text-ink'
                }`}
              >
                {kind}
              </button>
            ))}
          </div>
          <label className="flex items-center gap-1.5 text-sm text-soft">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={search.past === true}
              onChange={(event) => change({ past: event.target.checked || undefined } as MemorySearch)}
            />
            superseded ones, too
          </label>
        </>
      )}
    </div>
  );
}

/** What is remembered in numbers, and for how long. */
function Numbers({ search }: { search: MemorySearch }) {
  const told = useQuery(statistics(search)).data;
  const known = useQuery(agents).data?.items.find((one) => one.name === search.agent);
  if (told === undefined) return null;
  const current = told.items - told.superseded;
  return (
    <div className="flex flex-wrap items-end gap-x-6 gap-y-1 pt-1" data-numbers>
      <dl className="flex flex-wrap gap-x-6 gap-y-1">
        <Figure name="Items" value={countText(current)} />
        {KINDS.map((kind) => (
          <Figure key={kind} name={kind} value={countText(told.by_kind[kind] ?? 0)} />
        ))}
        <Figure name="Superseded" value={countText(told.superseded)} />
        <Figure name="Characters" value={countText(told.characters)} />
        <Figure name="Recalled" value={`${countText(told.accesses)}×`} />
        {told.oldest_at && <Figure name="Oldest" value={<Ago at={told.oldest_at} />} />}
      </dl>
      {known !== undefined && <Retention id={known.id} name={known.name} />}
    </div>
  );
}

function Retention({ id, name }: { id: string; name: string }) {
  const found = useQuery(agent(id)).data;
  if (found === undefined) return null;
  const { memory } = found.configuration as { memory?: { keep_days?: number | null } };
  const days = memory?.keep_days;
  return (
    <p className="text-sm text-soft">
      {memory === undefined
        ? `${name} has no memory of its own; what it is given through the API stays until it is forgotten.`
        : days
          ? `${name} keeps what it learns for ${plural(days, 'day')}.`
          : `${name} keeps what it learns until it is forgotten, or until there is no room.`}
    </p>
  );
}

interface FoundProps {
  search: MemorySearch;
  mayManage: boolean;
  change: (part: Partial<MemorySearch>) => void;
}

function Found({ search, mayManage, change }: FoundProps) {
  const listing = useInfiniteQuery(items(search, mayManage));
  const searching = useQuery(recalled(search));
  const isSearch = search.q !== undefined;
  const asking = isSearch ? searching : listing;
  const shown: Item[] = isSearch
    ? (searching.data ?? [])
    : (listing.data?.pages.flatMap((page) => page.items) ?? []);
  if (!isSearch && !mayManage && search.agent === undefined) {
    return (
      <Nothing title="Choose an agent">Then you see what it remembers of you, and can delete it.</Nothing>
    );
  }
  if (asking.isError) {
    return (
      <div className="p-4">
        <Refused error={asking.error} onRetry={() => void asking.refetch()} />
      </div>
    );
  }
  if (asking.isPending) return <Coming />;
  if (shown.length === 0 && search.one === undefined) return <Empty search={search} />;
  return (
    <Split
      label="What is remembered"
      back="All that is remembered"
      width="md:w-96"
      items={shown}
      keyOf={(one) => one.id}
      chosen={search.one}
      onChoose={(one) => change({ one } as MemorySearch)}
      row={(one) => <Row one={one} />}
      below={isSearch ? <SearchNote search={search} /> : <More asking={listing} />}
    >
      {(id) => (
        <ItemView
          id={id}
          known={shown.find((one) => one.id === id)}
          mayManage={mayManage}
          onChoose={(one) => change({ one } as MemorySearch)}
        />
      )}
    </Split>
  );
}

function Row({ one }: { one: Item }) {
  const isPast = one.superseded_by !== null;
  return (
    <>
      <span className={`line-clamp-2 ${isPast ? 'text-soft line-through' : ''}`}>{one.text}</span>
      <span className="flex items-center gap-2 text-xs text-soft">
        <KindTag kind={one.kind} />
        <span className="min-w-0 flex-1 truncate">
          <Whose one={one} />
        </span>
        {one.score !== null && one.score !== undefined && (
          <span className="nums" title="How well it fits">
            {one.score.toFixed(2)}
          </span>
        )}
        <Ago at={one.created_at} />
      </span>
    </>
  );
}

function SearchNote({ search }: { search: MemorySearch }) {
  const who = search.user === undefined ? 'you' : search.user === SHARED ? 'nobody' : search.user;
  const agent = search.agent === undefined || search.agent === SHARED ? 'An agent' : search.agent;
  return (
    <p className="p-4 text-xs text-soft">
      {agent} that works for {who} would recall these, best first.
    </p>
  );
}

function Empty({ search }: { search: MemorySearch }) {
  if (search.q !== undefined) {
    return (
      <Nothing title="Nothing would be recalled">
        A search finds what one agent would recall for one user: choose both above.
      </Nothing>
    );
  }
  const isFiltered = Object.keys(search).length > 0;
  return isFiltered ? (
    <Nothing title="Nothing of this is remembered" />
  ) : (
    <Nothing title="Nothing is remembered yet">
      Agents with <code>memory: true</code> keep facts, what happened, and ways that worked. Add
      something yourself, or start a session of such an agent.
    </Nothing>
  );
}
