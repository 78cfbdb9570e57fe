import { useMutation, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, useState } from 'react';
import { Input, inputLook, Labelled, Select } from '../../parts/controls';
import { Foot, Window } from '../../parts/window';
import { api, got } from '../../wire/client';

interface Props {
  names: string[];
  agent: string;
  onClose: () => void;
}

/** Have an agent remember something of who is logged in. */
export function RememberWindow({ names, agent, onClose }: Props) {
  const queries = useQueryClient();
  const [entry, setEntry] = useState({ agent: agent || (names[0] ?? ''), key: '', text: '' });
  const [isSent, setSent] = useState(false);
  const isWhole = entry.agent !== '' && entry.key.trim() !== '' && entry.text.trim() !== '';
  const keeping = useMutation({
    mutationFn: () =>
      got(
        api.POST('/api/v1/agents/{agent_id}/memory', {
          params: { path: { agent_id: entry.agent } },
          body: { key: entry.key.trim(), text: entry.text.trim(), kind: 'semantic', importance: 0.7 },
        }),
      ),
    onSuccess: () => {
      void queries.invalidateQueries({ queryKey: ['memory'] });
      onClose();
    },
  });
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    setSent(true);
    if (isWhole) keeping.mutate();
  };
  const missing = (text: string): string | undefined =>
    isSent && text.trim() === '' ? 'Enter a value.' : undefined;
  return (
    <Window title="Have an agent remember" onClose={onClose}>
      <form className="flex flex-col gap-4" onSubmit={submit} noValidate>
        <Labelled label="Agent" hint="It remembers it of you." error={missing(entry.agent)}>
          {(props) => (
            <Select
              {...props}
              name="agent"
              value={entry.agent}
              onChange={(event) => setEntry({ ...entry, agent: event.target.value })}
            >
              {names.map((name) => (
                <option key={name}>{name}</option>
              ))}
            </Select>
          )}
        </Labelled>
        <Labelled
          label="Key"
          hint="What it is about. The same key replaces what was kept under it."
          error={missing(entry.key)}
        >
          {(props) => (
            <Input
              {...props}
              name="key"
              value={entry.key}
              onChange={(event) => setEntry({ ...entry, key: event.target.value })}
            />
          )}
        </Labelled>
        <Labelled label="Text" error={missing(entry.text)}>
          {(props) => (
            <textarea
              {...props}
              name="text"
              rows={4}
              className={inputLook}
              value={entry.text}
              onChange={(event) => setEntry({ ...entry, text: event.target.value })}
            />
          )}
        </Labelled>
        <Foot acting={keeping} onClose={onClose}>
          Remember
        </Foot>
      </form>
    </Window>
  );
}
