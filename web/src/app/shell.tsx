import * as Menu from '@radix-ui/react-dropdown-menu';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { Link, Outlet, useNavigate, useRouterState } from '@tanstack/react-router';
import { useEffect, useState } from 'react';
import { buttonLook, IconButton } from '../parts/controls';
import { Icon, type IconName } from '../parts/icons';
import { Coming, Refused } from '../parts/said';
import { api } from '../wire/client';
import { useKey } from '../wire/login';
import { problemOf } from '../wire/problem';
import { approvals, me, type Me } from '../wire/questions';
import type { Connection } from '../wire/stream';
import { useFeed } from './feed';
import { SCREENS } from './navigation';
import { PaletteButton } from './palette';
import { type Theme, themeChosen, useAct, useFact } from './store';

/** The frame around all screens; who is not logged in is sent to log in. */
export function Shell() {
  const asking = useQuery(me);
  const navigate = useNavigate();
  const here = useRouterState({ select: (state) => state.location.href });
  const isOut = asking.isError && problemOf(asking.error).isMissingLogin;
  useEffect(() => {
    // While the page of the login is on its way, this one is still here.
    if (isOut && !here.startsWith('/login')) {
      void navigate({ to: '/login', search: { to: here }, replace: true });
    }
  }, [isOut, here, navigate]);
  if (asking.isError && !isOut) {
    return (
      <main className="mx-auto max-w-xl p-6">
        <Refused error={asking.error} onRetry={() => void asking.refetch()} />
      </main>
    );
  }
  if (asking.data === undefined) return <Coming />;
  return <Frame who={asking.data} />;
}

function Frame({ who }: { who: Me }) {
  useFeed();
  const [isOpen, setOpen] = useState(false);
  const path = useRouterState({ select: (state) => state.location.pathname });
  useEffect(() => setOpen(false), [path]);
  return (
    <div className="flex h-full flex-col lg:flex-row">
      <a
        href="#main"
        className="sr-only focus:not-sr-only focus:absolute focus:z-50 focus:m-2 focus:rounded focus:bg-surface focus:p-2"
      >
        To the content
      </a>
      <header className="flex h-12 shrink-0 items-center gap-1 border-b border-line bg-surface px-2 lg:hidden">
        <IconButton
          label={isOpen ? 'Close the menu' : 'Open the menu'}
          aria-expanded={isOpen}
          tone="quiet"
          onClick={() => setOpen(!isOpen)}
        >
          <Icon name={isOpen ? 'close' : 'menu'} />
        </IconButton>
        <Brand />
        <span className="ml-auto" />
        <Hearing />
      </header>
      <nav
        aria-label="Screens"
        className={`${isOpen ? 'flex' : 'hidden'} w-full shrink-0 flex-col gap-0.5 border-r border-line bg-surface p-2 lg:flex lg:w-48`}
      >
        <div className="hidden h-10 items-center px-2 lg:flex">
          <Brand />
        </div>
        <PaletteButton />
        {SCREENS.filter((one) => who.permissions.includes(one.permission)).map((screen) => (
          <Link
            key={screen.path}
            to={screen.path}
            className="flex h-8 items-center gap-2.5 rounded-md px-2 text-soft hover:bg-sunken hover:text-ink"
            activeProps={{ className: 'bg-tint! text-accent! font-medium' }}
            activeOptions={{ includeSearch: false, exact: screen.path === '/' }}
          >
            <Icon name={screen.icon} />
            {screen.label}
            {screen.path === '/approvals' && <Open />}
          </Link>
        ))}
        <div className="mt-auto flex flex-col gap-0.5 pt-4">
          <div className="hidden px-2 lg:block">
            <Hearing />
          </div>
          <ThemeMenu />
          <UserMenu who={who} />
        </div>
      </nav>
      <main id="main" tabIndex={-1} className="min-h-0 min-w-0 flex-1 outline-none">
        <Outlet />
      </main>
    </div>
  );
}

function Brand() {
  return (
    <Link to="/" className="flex items-center gap-2 font-semibold tracking-tight">
      <svg viewBox="0 0 32 32" aria-hidden="true" className="size-5">
        <rect width="32" height="32" rx="7" fill="var(--accent)" />
        <path d="M7 12h18" stroke="var(--on-accent)" strokeWidth="3.4" strokeLinecap="round" />
        <circle cx="16" cy="21" r="3.4" fill="var(--on-accent)" />
      </svg>
      Tenuto
    </Link>
  );
}

function Open() {
  const { data } = useQuery(approvals);
  const count = data?.items.length ?? 0;
  if (count === 0) return null;
  return (
    <span className="nums ml-auto rounded-full bg-wait-tint px-1.5 text-xs font-semibold text-wait">
      {count}
      {data?.next_cursor ? '+' : ''}
      <span className="sr-only"> open</span>
    </span>
  );
}

const HEARING: Record<Connection, [string, string]> = {
  connecting: ['Connecting', 'bg-firm'],
  live: ['Live', 'bg-done'],
  lost: ['Connection lost, trying again', 'bg-wait breathing'],
  ended: ['Not connected', 'bg-firm'],
  refused: ['Not connected', 'bg-fail'],
};

/** Whether the page hears what happens. */
function Hearing() {
  const [text, look] = HEARING[useFact((state) => state.connection.state)];
  return (
    <p role="status" data-hearing className="flex min-h-8 items-center gap-2 text-xs text-soft">
      <span className={`size-2 shrink-0 rounded-full ${look}`} />
      {text}
    </p>
  );
}

const THEMES: Record<Theme, [string, IconName]> = {
  system: ['As the system', 'screen'],
  light: ['Light', 'sun'],
  dark: ['Dark', 'moon'],
};

const row = `${buttonLook('quiet')} w-full justify-start! px-2! font-normal!`;
const list =
  'z-50 min-w-44 rounded-lg border border-line bg-surface p-1 shadow-lg outline-none text-sm';
const item =
  'flex items-center gap-2 rounded-md px-2 py-1.5 outline-none select-none data-highlighted:bg-sunken cursor-pointer';

function ThemeMenu() {
  const act = useAct();
  const theme = useFact((state) => state.look.theme);
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className={row}>
        <Icon name={THEMES[theme][1]} />
        Theme
        <span className="sr-only">: {THEMES[theme][0]}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content side="top" align="start" sideOffset={4} className={list}>
          <Menu.RadioGroup value={theme} onValueChange={(one) => act(themeChosen(one as Theme))}>
            {(Object.keys(THEMES) as Theme[]).map((one) => (
              <Menu.RadioItem key={one} value={one} className={item}>
                <Icon name={THEMES[one][1]} />
                {THEMES[one][0]}
                <Menu.ItemIndicator className="ml-auto">✓</Menu.ItemIndicator>
              </Menu.RadioItem>
            ))}
          </Menu.RadioGroup>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}

function UserMenu({ who }: { who: Me }) {
  const queries = useQueryClient();
  const navigate = useNavigate();
  const leave = async (): Promise<void> => {
    useKey('');
    await api.POST('/api/v1/auth/logout', { body: null }).catch(() => undefined);
    queries.clear();
    await navigate({ to: '/login', search: { to: '/sessions' } });
  };
  return (
    <Menu.Root modal={false}>
      <Menu.Trigger className={row}>
        <span className="sr-only">Account of </span>
        <span
          aria-hidden="true"
          className="grid size-4 place-items-center rounded-full bg-tint text-[0.625rem] font-bold text-accent uppercase"
        >
          {who.name.slice(0, 1)}
        </span>
        <span className="truncate">{who.name}</span>
      </Menu.Trigger>
      <Menu.Portal>
        <Menu.Content side="top" align="start" sideOffset={4} className={list}>
          <Menu.Label className="px-2 py-1.5 text-xs text-soft">
            {who.organisation}
            {who.roles.length > 0 && ` · ${who.roles.join(', ')}`}
          </Menu.Label>
          <Menu.Item asChild className={item}>
            <a href="/docs">The API</a>
          </Menu.Item>
          <Menu.Item className={item} onSelect={() => void leave()}>
            <Icon name="out" />
            Log out
          </Menu.Item>
        </Menu.Content>
      </Menu.Portal>
    </Menu.Root>
  );
}
