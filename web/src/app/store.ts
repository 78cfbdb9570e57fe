// What the page itself knows beside what the server tells: how it looks, whether it hears the
// server, and what was entered and not sent.

import { configureStore, createSlice, type PayloadAction } from '@reduxjs/toolkit';
import { useDispatch, useSelector } from 'react-redux';
import type { Connection } from '../wire/stream';

export type Theme = 'system' | 'light' | 'dark';

const THEME = 'tenuto.theme';
const themes: readonly string[] = ['system', 'light', 'dark'];

function keptTheme(): Theme {
  const kept = localStorage.getItem(THEME) ?? '';
  return themes.includes(kept) ? (kept as Theme) : 'system';
}

const look = createSlice({
  name: 'look',
  initialState: () => ({ theme: keptTheme() }),
  reducers: {
    themeChosen(state, action: PayloadAction<Theme>) {
      state.theme = action.payload;
    },
  },
});

const connection = createSlice({
  name: 'connection',
  initialState: { state: 'connecting' as Connection },
  reducers: {
    connectionChanged(state, action: PayloadAction<Connection>) {
      state.state = action.payload;
    },
  },
});

/** Entries of forms that were begun, by what they are about. */
const drafts = createSlice({
  name: 'drafts',
  initialState: {} as Record<string, Record<string, string>>,
  reducers: {
    drafted(state, action: PayloadAction<{ about: string; entries: Record<string, string> }>) {
      state[action.payload.about] = action.payload.entries;
    },
    draftDropped(state, action: PayloadAction<string>) {
      delete state[action.payload];
    },
  },
});

export const { themeChosen } = look.actions;
export const { connectionChanged } = connection.actions;
export const { drafted, draftDropped } = drafts.actions;

export const store = configureStore({
  reducer: { look: look.reducer, connection: connection.reducer, drafts: drafts.reducer },
});

export type State = ReturnType<typeof store.getState>;

export const useAct = useDispatch.withTypes<typeof store.dispatch>();
export const useFact = useSelector.withTypes<State>();

const dark = matchMedia('(prefers-color-scheme: dark)');

function paint(): void {
  const { theme } = store.getState().look;
  const isDark = theme === 'dark' || (theme === 'system' && dark.matches);
  document.documentElement.dataset.theme = isDark ? 'dark' : 'light';
  localStorage.setItem(THEME, theme);
}

/** Has the page look as chosen, now and whenever the choice or the system changes. */
export function followTheme(): void {
  paint();
  store.subscribe(paint);
  dark.addEventListener('change', paint);
}
