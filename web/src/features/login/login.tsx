import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { getRouteApi, useRouter } from '@tanstack/react-router';
import { type FormEvent, useState } from 'react';
import { Button, buttonLook, Input, Labelled } from '../../parts/controls';
import { Refused } from '../../parts/said';
import { api, got } from '../../wire/client';
import { useKey } from '../../wire/login';
import { me, providers } from '../../wire/questions';

const route = getRouteApi('/login');

/** Log in by a key, by name and password, or at a provider. */
export function Login() {
  const { to = '/sessions' } = route.useSearch();
  const [way, setWay] = useState<'key' | 'password'>('key');
  const others = useQuery(providers);
  return (
    <main className="grid min-h-full place-items-center p-4">
      <div className="w-full max-w-sm rounded-lg border border-line bg-surface p-5">
        <h1 className="mb-4 text-lg font-semibold">Log in to Tenuto</h1>
        <div role="group" aria-label="How" className="mb-4 flex gap-1 rounded-md bg-sunken p-1">
          {(['key', 'password'] as const).map((one) => (
            <Button
              key={one}
              tone={way === one ? 'plain' : 'quiet'}
              aria-pressed={way === one}
              className="h-7 flex-1"
              onClick={() => setWay(one)}
            >
              {one === 'key' ? 'API key' : 'Name and password'}
            </Button>
          ))}
        </div>
        {way === 'key' ? <ByKey to={to} /> : <ByPassword to={to} />}
        {(others.data ?? []).length > 0 && (
          <div className="mt-4 flex flex-col gap-2 border-t border-line pt-4">
            {others.data?.map((one) => (
              <a
                key={one.name}
                className={buttonLook()}
                href={`/api/v1/auth/oidc/start?provider=${encodeURIComponent(one.name)}&return_to=${encodeURIComponent(to)}`}
              >
                Log in at {one.label || one.name}
              </a>
            ))}
          </div>
        )}
      </div>
    </main>
  );
}

/** What follows when somebody has come in. */
function useEntered(to: string): () => Promise<void> {
  const router = useRouter();
  const queries = useQueryClient();
  return async () => {
    queries.clear();
    router.history.push(to.startsWith('/') && !to.startsWith('//') ? to : '/sessions');
  };
}

function ByKey({ to }: { to: string }) {
  const enter = useEntered(to);
  const queries = useQueryClient();
  const [text, setText] = useState('');
  const trying = useMutation({
    mutationFn: async () => {
      useKey(text.trim());
      try {
        await queries.fetchQuery({ ...me, staleTime: 0 });
      } catch (error) {
        useKey('');
        throw error;
      }
      await enter();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    trying.mutate();
  };
  return (
    <form className="flex flex-col gap-3" onSubmit={submit}>
      <Labelled
        label="API key"
        hint="The first start of the server printed one for its admin. It is kept in this tab only."
      >
        {(props) => (
          <Input
            {...props}
            name="key"
            type="password"
            autoComplete="off"
            autoFocus
            placeholder="tnt_…"
            value={text}
            onChange={(event) => setText(event.target.value)}
          />
        )}
      </Labelled>
      <Button tone="main" type="submit" disabled={trying.isPending || text.trim() === ''}>
        Log in
      </Button>
      {trying.isError && <Refused error={trying.error} />}
    </form>
  );
}

function ByPassword({ to }: { to: string }) {
  const enter = useEntered(to);
  const [entries, setEntries] = useState({ name: '', password: '', organisation: 'local' });
  const trying = useMutation({
    mutationFn: async () => {
      useKey('');
      await got(api.POST('/api/v1/auth/login', { body: { ...entries, keep: 'cookie' } }));
      await enter();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    trying.mutate();
  };
  const fields = [
    ['name', 'Name', 'username', 'text'],
    ['password', 'Password', 'current-password', 'password'],
    ['organisation', 'Organisation', 'organization', 'text'],
  ] as const;
  return (
    <form className="flex flex-col gap-3" onSubmit={submit}>
      {fields.map(([name, label, autoComplete, type]) => (
        <Labelled key={name} label={label}>
          {(props) => (
            <Input
              {...props}
              name={name}
              type={type}
              autoComplete={autoComplete}
              value={entries[name]}
              onChange={(event) => setEntries({ ...entries, [name]: event.target.value })}
            />
          )}
        </Labelled>
      ))}
      <Button tone="main" type="submit" disabled={trying.isPending || entries.name === ''}>
        Log in
      </Button>
      {trying.isError && <Refused error={trying.error} />}
    </form>
  );
}
