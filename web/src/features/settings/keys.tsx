import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { agoText } from '../../model/words';
import { Ago } from '../../parts/ago';
import { useNow } from '../../parts/clock';
import { Button, Input, inputLook, Labelled, Select } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused } from '../../parts/said';
import { Sure, Tag } from '../../parts/screen';
import { Foot, Window } from '../../parts/window';
import { api, got, once } from '../../wire/client';
import { ifVersion } from '../../wire/texts';
import { type KeyDetail, keys, users } from './questions';

type Opened = { what: 'make' } | { what: 'rotate' | 'revoke'; one: KeyDetail } | null;

/** Keys for programs: made, shown this once, given a new text, ended. */
export function KeysTab() {
  const maySeeAll = useMay('keys:read');
  const [isAll, setAll] = useState(maySeeAll);
  const asking = useQuery(keys(isAll && maySeeAll));
  const [opened, setOpened] = useState<Opened>(null);
  const [text, setText] = useState('');
  const items = asking.data?.items ?? [];
  const close = (): void => setOpened(null);
  return (
    <>
      <div className="flex flex-wrap items-center gap-3">
        <p className="min-w-0 flex-1 text-sm text-soft">
          A program shows a key as <code>Authorization: Bearer …</code>. It may do what its user may,
          and no more than its scopes.
        </p>
        {maySeeAll && (
          <label className="flex items-center gap-1.5 text-sm">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={isAll}
              onChange={(event) => setAll(event.target.checked)}
            />
            of everybody
          </label>
        )}
        <Button tone="main" onClick={() => setOpened({ what: 'make' })}>
          <Icon name="plus" />
          Make a key
        </Button>
      </div>
      {text !== '' && <Shown text={text} onSeen={() => setText('')} />}
      {asking.isError && <Refused error={asking.error} onRetry={() => void asking.refetch()} />}
      {asking.isPending && <Coming lines={3} />}
      {asking.data !== undefined && items.length === 0 && (
        <Nothing title="There are no keys">Make one for each program that is to use the API.</Nothing>
      )}
      {items.length > 0 && (
        <ul className="overflow-hidden rounded-lg border border-line bg-surface" data-keys>
          {items.map((one) => (
            <li key={one.id} className="border-t border-line px-4 py-2.5 first:border-t-0">
              <KeyRow one={one} onOpen={setOpened} />
            </li>
          ))}
        </ul>
      )}
      {opened?.what === 'make' && <MakeWindow onClose={close} onMade={setText} />}
      {opened?.what === 'rotate' && <RotateWindow one={opened.one} onClose={close} onMade={setText} />}
      {opened?.what === 'revoke' && <Revoke one={opened.one} onClose={close} />}
    </>
  );
}

function KeyRow({ one, onOpen }: { one: KeyDetail; onOpen: (opened: Opened) => void }) {
  const nowMs = useNow();
  const known = useQuery({ ...users, enabled: useMay('accounts:read') }).data?.items;
  const user = known?.find((each) => each.id === one.user)?.name ?? one.user;
  const isOver = one.expires_at !== null && Date.parse(one.expires_at) <= nowMs;
  return (
    <div className="flex flex-wrap items-center gap-x-3 gap-y-1">
      <div className="min-w-0 flex-1">
        <p className="flex flex-wrap items-center gap-2">
          <span className="font-medium">{one.label || 'without a label'}</span>
          <code className="text-xs text-soft">{one.id}</code>
          {isOver && <Tag look="bg-fail-tint text-fail">has expired</Tag>}
        </p>
        <p className="flex flex-wrap gap-x-3 text-sm text-soft">
          <span>{user}</span>
          <span>{one.scopes === null ? 'all that the user may' : one.scopes.join(', ') || 'nothing'}</span>
          <span>
            {one.last_used_at ? (
              <>
                used <Ago at={one.last_used_at} />
              </>
            ) : (
              'never used'
            )}
          </span>
          {one.expires_at && !isOver && <span>ends {agoText(Date.parse(one.expires_at), nowMs)}</span>}
          {one.former_until && Date.parse(one.former_until) > nowMs && (
            <span className="text-wait">
              the text before works until {new Date(one.former_until).toLocaleString()}
            </span>
          )}
        </p>
      </div>
      <Button onClick={() => onOpen({ what: 'rotate', one })}>Rotate</Button>
      <Button tone="danger" onClick={() => onOpen({ what: 'revoke', one })}>
        Revoke
      </Button>
    </div>
  );
}

/** The text of a key, this once. */
function Shown({ text, onSeen }: { text: string; onSeen: () => void }) {
  const [isCopied, setCopied] = useState(false);
  return (
    <div role="status" className="flex flex-col gap-2 rounded-lg border border-wait bg-wait-tint px-4 py-3" data-shown>
      <p className="font-medium text-wait">This is the key. It is not shown again: copy it now.</p>
      <div className="flex flex-wrap items-center gap-2">
        <code className="min-w-0 flex-1 rounded-md bg-surface px-2.5 py-1.5 text-sm break-all">{text}</code>
        <Button
          onClick={() => void navigator.clipboard.writeText(text).then(() => setCopied(true))}
        >
          <Icon name={isCopied ? 'approvals' : 'copy'} />
          {isCopied ? 'Copied' : 'Copy'}
        </Button>
        <Button tone="quiet" onClick={onSeen}>
          I have it
        </Button>
      </div>
    </div>
  );
}

interface MadeProps {
  onClose: () => void;
  /** Is told the text of the key. */
  onMade: (text: string) => void;
}

function MakeWindow({ onClose, onMade }: MadeProps) {
  const queries = useQueryClient();
  const mayForAll = useMay('keys:write');
  const known = useQuery({ ...users, enabled: useMay('accounts:read') && mayForAll }).data?.items ?? [];
  const [entry, setEntry] = useState({ label: '', user: '', scopes: '', expires: '' });
  const [key] = useState(once);
  const making = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/keys', {
          params: { header: key },
          body: {
            label: entry.label.trim(),
            user: entry.user,
            ...(entry.scopes.trim() ? { scopes: entry.scopes.split(/[\s,]+/).filter(Boolean) } : {}),
            ...(entry.expires ? { expires_at: new Date(`${entry.expires}T23:59:59`).toISOString() } : {}),
          },
        }),
      ),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ['keys'] });
      onMade(made.key);
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    making.mutate();
  };
  return (
    <Window title="Make a key" onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={submit}>
        <Labelled label="Label" hint="Which program it is for.">
          {(props) => (
            <Input
              {...props}
              name="label"
              value={entry.label}
              onChange={(event) => setEntry({ ...entry, label: event.target.value })}
            />
          )}
        </Labelled>
        {known.length > 0 && (
          <Labelled label="User" hint="Whose key it is; it can do no more than they may.">
            {(props) => (
              <Select
                {...props}
                name="user"
                value={entry.user}
                onChange={(event) => setEntry({ ...entry, user: event.target.value })}
              >
                <option value="">myself</option>
                {known.map((one) => (
                  <option key={one.id} value={one.id}>
                    {one.name}
                  </option>
                ))}
              </Select>
            )}
          </Labelled>
        )}
        <Labelled
          label="Scopes"
          isRequired={false}
          hint="Such as sessions:start:workflow=research*, sessions:read. Without any it may do all that the user may."
        >
          {(props) => (
            <textarea
              {...props}
              name="scopes"
              rows={2}
              spellCheck={false}
              className={`${inputLook} font-mono text-xs`}
              value={entry.scopes}
              onChange={(event) => setEntry({ ...entry, scopes: event.target.value })}
            />
          )}
        </Labelled>
        <Labelled label="Last day" isRequired={false} hint="Without one it works until it is revoked.">
          {(props) => (
            <Input
              {...props}
              type="date"
              name="expires"
              value={entry.expires}
              onChange={(event) => setEntry({ ...entry, expires: event.target.value })}
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

const GRACES: [string, number][] = [
  ['not at all', 0],
  ['for an hour', 3_600],
  ['for a day', 86_400],
];

function RotateWindow({ one, onClose, onMade }: MadeProps & { one: KeyDetail }) {
  const queries = useQueryClient();
  const [seconds, setSeconds] = useState(86_400);
  const [key] = useState(once);
  const rotating = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/keys/{key_id}/rotate', {
          params: { path: { key_id: one.id }, header: { ...key, ...ifVersion(one.version) } },
          body: { grace_seconds: seconds },
        }),
      ),
    onSuccess: (made) => {
      void queries.invalidateQueries({ queryKey: ['keys'] });
      onMade(made.key);
      onClose();
    },
  });
  return (
    <Window title={`Rotate ${one.label || one.id}`} onClose={onClose}>
      <div className="flex flex-col gap-4">
        <Labelled label="The present text goes on working" hint="Long enough to give the new one to the program.">
          {(props) => (
            <Select {...props} name="grace" value={seconds} onChange={(event) => setSeconds(Number(event.target.value))}>
              {GRACES.map(([text, length]) => (
                <option key={length} value={length}>
                  {text}
                </option>
              ))}
            </Select>
          )}
        </Labelled>
        <Foot acting={rotating} onAct={() => rotating.mutate()} onClose={onClose}>
          Give it a new text
        </Foot>
      </div>
    </Window>
  );
}

function Revoke({ one, onClose }: { one: KeyDetail; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <Sure
      title={`Revoke ${one.label || one.id}`}
      verb="Revoke it"
      act={() => got(api.DELETE('/api/v1/keys/{key_id}', { params: { path: { key_id: one.id } } }))}
      onDone={() => {
        onClose();
        void queries.invalidateQueries({ queryKey: ['keys'] });
      }}
      onClose={onClose}
    >
      What shows it is refused from now on.
    </Sure>
  );
}
