import './styles.css';
import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { Provider } from 'react-redux';
import { makeRouter } from './app/router';
import { followTheme, store } from './app/store';
import { problemOf } from './wire/problem';

followTheme();

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      // What was refused is refused again; what did not arrive may the next time.
      retry: (failures, error) => problemOf(error).status === 0 && failures < 5,
      refetchOnWindowFocus: false,
      staleTime: 5_000,
    },
  },
});

createRoot(document.getElementById('root') as HTMLElement).render(
  <StrictMode>
    <Provider store={store}>
      <QueryClientProvider client={queries}>
        <RouterProvider router={makeRouter(queries)} />
      </QueryClientProvider>
    </Provider>
  </StrictMode>,
);
