import { useQueryClient } from '@tanstack/react-query';
import { useId, useRef, useState } from 'react';
import { bytesText } from '../../model/bytes';
import { Button, IconButton } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { Refused } from '../../parts/said';
import { sent } from '../../wire/texts';

interface Sent {
  file: File;
  state: 'waits' | 'goes' | 'done' | 'failed';
  error: unknown;
}

/** Files are chosen or dropped, and sent one after the other. */
export function Upload({ collection }: { collection: string }) {
  const id = useId();
  const queries = useQueryClient();
  const input = useRef<HTMLInputElement>(null);
  const [isOver, setOver] = useState(false);
  const [files, setFiles] = useState<Sent[]>([]);
  const told = (file: File, state: Sent['state'], error: unknown = null): void =>
    setFiles((all) => all.map((one) => (one.file === file ? { file, state, error } : one)));
  const take = async (chosen: readonly File[]): Promise<void> => {
    setFiles((all) => [
      ...all.filter((one) => one.state !== 'done'),
      ...chosen.map((file): Sent => ({ file, state: 'waits', error: null })),
    ]);
    for (const file of chosen) {
      told(file, 'goes');
      try {
        await sent({
          method: 'PUT',
          path: `/api/v1/collections/${collection}/documents/${encodeURIComponent(file.name)}`,
          body: file,
          type: 'application/octet-stream',
        });
        told(file, 'done');
      } catch (error) {
        told(file, 'failed', error);
      }
      void queries.invalidateQueries({ queryKey: ['collections', collection] });
    }
  };
  return (
    <div className="flex flex-col gap-2">
      <div
        onDragOver={(event) => {
          event.preventDefault();
          setOver(true);
        }}
        onDragLeave={() => setOver(false)}
        onDrop={(event) => {
          event.preventDefault();
          setOver(false);
          void take([...event.dataTransfer.files]);
        }}
        className={`flex flex-wrap items-center gap-3 rounded-lg border border-dashed px-4 py-3 ${isOver ? 'border-accent bg-tint' : 'border-firm'}`}
      >
        <Button onClick={() => input.current?.click()}>
          <Icon name="plus" />
          Add documents
        </Button>
        <span className="text-sm text-soft">
          or drop files here. One with the name of another takes its place.
        </span>
        <label htmlFor={id} className="sr-only">
          Documents to add
        </label>
        <input
          ref={input}
          id={id}
          type="file"
          multiple
          tabIndex={-1}
          className="sr-only"
          onChange={(event) => {
            void take([...(event.target.files ?? [])]);
            event.target.value = '';
          }}
        />
      </div>
      {files.length > 0 && (
        <ul aria-live="polite" className="flex flex-col gap-1 text-sm" data-uploads>
          {files.map((one, index) => (
            <li key={index}>
              <span className="flex items-center gap-2">
                <span className="truncate">{one.file.name}</span>
                <span className="nums text-soft">{bytesText(one.file.size)}</span>
                <span
                  className={
                    one.state === 'done' ? 'text-done' : one.state === 'failed' ? 'text-fail' : 'text-soft'
                  }
                >
                  {{ waits: 'waits', goes: 'is being read', done: 'added', failed: 'was refused' }[one.state]}
                </span>
                {one.state === 'failed' && (
                  <IconButton
                    label="Take it off the list"
                    tone="quiet"
                    onClick={() => setFiles((all) => all.filter((each) => each !== one))}
                  >
                    <Icon name="close" />
                  </IconButton>
                )}
              </span>
              {one.state === 'failed' && <Refused error={one.error} />}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
