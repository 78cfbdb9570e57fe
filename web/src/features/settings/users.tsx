import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Button, Input, Labelled } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { useMay } from '../../parts/may';
import { Coming, Nothing, Refused } from '../../parts/said';
import { Sure, Tag } from '../../parts/screen';
import { Foot, Window } from '../../parts/window';
import { api, got, once } from '../../wire/client';
import { me } from '../../wire/questions';
import { ifVersion } from '../../wire/texts';
import { roles, type UserDetail, users } from './questions';

type Opened = { what: 'change'; one: UserDetail | null } | { what: 'delete'; one: UserDetail } | null;

/** Who may log in here, and as what. */
export function UsersTab() {
  const asking = useQuery(users);
  const mayWrite = useMay('accounts:write');
  const [opened, setOpened] = useState<Opened>(null);
  const items = asking.data?.items ?? [];
  return (
    <>
      {mayWrite && (
        <Button tone="main" className="self-start" onClick={() => setOpened({ what: 'change', one: null })}>
          <Icon name="plus" />
          Add a user
        </Button>
      )}
      {asking.isError && <Refused error={asking.error} onRetry={() => void asking.refetch()} />}
      {asking.isPending && <Coming lines={3} />}
      {asking.data !== undefined && items.length === 0 && (
        <Nothing title="There are no users yet">
          Whoever opens this page may do everything until somebody is added and the server is started
          without <code>--dev</code>.
        </Nothing>
      )}
      {items.length > 0 && (
        <ul className="overflow-hidden rounded-lg border border-line bg-surface" data-users>
          {items.map((one) => (
            <li key={one.id} className="flex flex-wrap items-center gap-x-3 gap-y-1 border-t border-line px-4 py-2.5 first:border-t-0">
              <div className="min-w-0 flex-1">
                <p className="flex flex-wrap items-center gap-2">
                  <span className="font-medium">{one.name}</span>
                  {one.label && <span className="text-soft">{one.label}</span>}
                  {one.disabled && <Tag look="bg-fail-tint text-fail">disabled</Tag>}
                </p>
                <p className="flex flex-wrap gap-1.5 text-sm text-soft">
                  {one.roles.map((role) => (
                    <Tag key={role}>{role}</Tag>
                  ))}
                  {one.grants.length > 0 && <span className="font-mono text-xs">{one.grants.join(', ')}</span>}
                  {!one.has_password && <span>no login by password</span>}
                </p>
              </div>
              {mayWrite && (
                <>
                  <Button onClick={() => setOpened({ what: 'change', one })}>Change</Button>
                  <Button tone="danger" onClick={() => setOpened({ what: 'delete', one })}>
                    Delete
                  </Button>
                </>
              )}
            </li>
          ))}
        </ul>
      )}
      {opened?.what === 'change' && <UserWindow one={opened.one} onClose={() => setOpened(null)} />}
      {opened?.what === 'delete' && <Delete one={opened.one} onClose={() => setOpened(null)} />}
    </>
  );
}

function Delete({ one, onClose }: { one: UserDetail; onClose: () => void }) {
  const queries = useQueryClient();
  return (
    <Sure
      title={`Delete ${one.name}`}
      verb="Delete"
      act={() =>
        got(
          api.DELETE('/api/v1/users/{user_id}', {
            params: { path: { user_id: one.id }, header: ifVersion(one.version) },
          }),
        )
      }
      onDone={() => {
        onClose();
        void queries.invalidateQueries({ queryKey: ['users'] });
        void queries.invalidateQueries({ queryKey: ['keys'] });
      }}
      onClose={onClose}
    >
      They are logged out, and their keys end. To shut somebody out for a while, disable them.
    </Sure>
  );
}

const texts = (text: string): string[] => text.split(/[\s,]+/).filter(Boolean);

/** Add a user, or change one. */
function UserWindow({ one, onClose }: { one: UserDetail | null; onClose: () => void }) {
  const queries = useQueryClient();
  const known = useQuery(roles).data?.roles ?? [];
  const isMyself = useQuery(me).data?.user === one?.id;
  const [key] = useState(once);
  const [entry, setEntry] = useState({
    name: one?.name ?? '',
    label: one?.label ?? '',
    roles: one?.roles ?? ['viewer'],
    grants: one?.grants.join(', ') ?? '',
    password: '',
    disabled: one?.disabled ?? false,
  });
  const saving = useMutation({
    mutationFn: () => {
      const { name, label, disabled } = entry;
      const common = { label, roles: entry.roles, grants: texts(entry.grants) };
      if (one === null) {
        const body = { name: name.trim(), ...common, password: entry.password };
        return got(api.POST('/api/v1/users', { params: { header: key }, body }));
      }
      return got(
        api.PATCH('/api/v1/users/{user_id}', {
          params: { path: { user_id: one.id }, header: { ...key, ...ifVersion(one.version) } },
          body: { ...common, disabled, ...(entry.password ? { password: entry.password } : {}) },
        }),
      );
    },
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['users'] });
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    if (entry.name.trim() !== '') saving.mutate();
  };
  const flip = (role: string): void => {
    const chosen = entry.roles.includes(role)
      ? entry.roles.filter((each) => each !== role)
      : [...entry.roles, role];
    setEntry({ ...entry, roles: chosen });
  };
  return (
    <Window title={one === null ? 'Add a user' : `Change ${one.name}`} onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={submit} noValidate autoComplete="off">
        {one === null && (
          <Labelled label="Name" hint="To log in by: an e-mail address or another short name.">
            {(props) => (
              <Input
                {...props}
                name="name"
                value={entry.name}
                onChange={(event) => setEntry({ ...entry, name: event.target.value })}
              />
            )}
          </Labelled>
        )}
        <Labelled label="Label" isRequired={false} hint="As people call them.">
          {(props) => (
            <Input
              {...props}
              name="label"
              value={entry.label}
              onChange={(event) => setEntry({ ...entry, label: event.target.value })}
            />
          )}
        </Labelled>
        <fieldset className="flex flex-col gap-1.5">
          <legend className="mb-1 text-sm font-medium">Roles</legend>
          <div className="flex flex-wrap gap-x-4 gap-y-1.5">
            {known.map((role) => (
              <label key={role.name} className="flex items-center gap-1.5">
                <input
                  type="checkbox"
                  className="size-4 accent-(--accent)"
                  checked={entry.roles.includes(role.name)}
                  onChange={() => flip(role.name)}
                />
                {role.name}
              </label>
            ))}
          </div>
        </fieldset>
        <Labelled label="Grants" isRequired={false} hint="Permissions beside those of the roles, as audit:read.">
          {(props) => (
            <Input
              {...props}
              name="grants"
              spellCheck={false}
              className="font-mono"
              value={entry.grants}
              onChange={(event) => setEntry({ ...entry, grants: event.target.value })}
            />
          )}
        </Labelled>
        <Labelled
          label={one === null ? 'Password' : 'New password'}
          isRequired={false}
          hint={one === null ? 'Without one they log in at a provider, or use keys.' : 'Who gets one is logged out.'}
        >
          {(props) => (
            <Input
              {...props}
              type="password"
              name="password"
              autoComplete="new-password"
              value={entry.password}
              onChange={(event) => setEntry({ ...entry, password: event.target.value })}
            />
          )}
        </Labelled>
        {one !== null && !isMyself && (
          <label className="flex items-center gap-1.5">
            <input
              type="checkbox"
              className="size-4 accent-(--accent)"
              checked={entry.disabled}
              onChange={(event) => setEntry({ ...entry, disabled: event.target.checked })}
            />
            Disabled: they are logged out, and their keys are refused
          </label>
        )}
        <Foot acting={saving} isDisabled={entry.name.trim() === ''} onClose={onClose}>
          {one === null ? 'Add' : 'Keep'}
        </Foot>
      </form>
    </Window>
  );
}
