import { useQuery } from '@tanstack/react-query';
import { useEffect, useRef, useState } from 'react';
import { lengthText } from '../../model/words';
import { Button, IconButton } from '../../parts/controls';
import { Icon } from '../../parts/icons';
import { me } from '../../wire/questions';
import { useMoment } from './place';
import { ForkWindow } from './steering';

const PLAY_MS = 350;

/** The bar that leads through the versions: first, back, play, forward, newest. */
export function Transport() {
  const { live, log, at, isNewest, go } = useMoment();
  const [isPlaying, setPlaying] = useState(false);
  const [isForking, setForking] = useState(false);
  const may = useQuery(me).data?.permissions.includes('sessions:write') ?? false;
  const newest = live.log.version;
  const to = (version: number): void => {
    go({ at: version >= newest ? undefined : Math.max(1, version) });
  };
  const step = useRef(to);
  step.current = to;
  const place = useRef(at);
  place.current = at;

  useEffect(() => {
    if (!isPlaying) return;
    const clock = setInterval(() => step.current(place.current + 1), PLAY_MS);
    return () => clearInterval(clock);
  }, [isPlaying]);
  useEffect(() => {
    if (isNewest) setPlaying(false);
  }, [isNewest]);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      if (/^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName) || target.closest('dialog')) return;
      if (event.key === '[') step.current(place.current - 1);
      else if (event.key === ']') step.current(place.current + 1);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);

  const event = log.event(at);
  const sinceMs = event === undefined ? 0 : Date.parse(event.at) - log.startedMs;
  const play = (): void => {
    if (!isPlaying && isNewest) go({ at: 1 });
    setPlaying(!isPlaying);
  };
  return (
    <section
      aria-label="Time travel"
      className="flex shrink-0 flex-wrap items-center gap-x-2 gap-y-1 border-t border-line bg-surface px-3 py-1.5"
    >
      <div className="flex">
        <IconButton label="First version" tone="quiet" onClick={() => to(1)}>
          <Icon name="first" />
        </IconButton>
        <IconButton label="Step back ( [ )" tone="quiet" onClick={() => to(at - 1)}>
          <Icon name="back" />
        </IconButton>
        <IconButton label={isPlaying ? 'Stop' : 'Play'} tone="quiet" onClick={play}>
          <Icon name={isPlaying ? 'pause' : 'play'} />
        </IconButton>
        <IconButton label="Step forward ( ] )" tone="quiet" onClick={() => to(at + 1)}>
          <Icon name="forward" />
        </IconButton>
        <IconButton label="Newest version" tone="quiet" onClick={() => go({ at: undefined })}>
          <Icon name="last" />
        </IconButton>
      </div>
      <input
        type="range"
        aria-label="Version"
        min={1}
        max={Math.max(newest, 1)}
        value={Math.max(at, 1)}
        onChange={(event) => to(Number(event.target.value))}
        className="order-last h-6 w-full min-w-24 flex-1 accent-(--accent) max-md:basis-full md:order-none"
      />
      <p className="nums text-sm text-soft" data-version={at}>
        <span className="font-medium text-ink">
          {at} of {newest}
        </span>
        {event !== undefined && (
          <span className="hidden sm:inline">
            {' '}
            · {event.type} · {lengthText(Math.max(0, sinceMs))}
          </span>
        )}
      </p>
      {may && (
        <Button disabled={newest === 0} onClick={() => setForking(true)} className="ml-auto md:ml-0">
          <Icon name="fork" />
          Fork here
        </Button>
      )}
      {isForking && <ForkWindow at={at} onClose={() => setForking(false)} />}
    </section>
  );
}
