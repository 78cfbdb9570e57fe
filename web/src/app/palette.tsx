// The key of the command palette. What it finds is loaded when it is first wanted.

import { lazy, Suspense, useEffect, useState } from 'react';
import { createPortal } from 'react-dom';
import { Keys } from '../parts/controls';
import { Icon } from '../parts/icons';

const Palette = lazy(() =>
  import('../features/palette/palette').then((found) => ({ default: found.Palette })),
);

const IS_MAC = /mac/i.test(navigator.userAgent);

/** A button that opens the palette, as Ctrl-K does everywhere. */
export function PaletteButton() {
  const [isOpen, setOpen] = useState(false);
  useEffect(() => {
    const press = (event: KeyboardEvent): void => {
      if (event.key.toLowerCase() !== 'k' || !(event.ctrlKey || event.metaKey)) return;
      if (event.shiftKey || event.altKey) return;
      event.preventDefault();
      setOpen(true);
    };
    addEventListener('keydown', press);
    return () => removeEventListener('keydown', press);
  }, []);
  return (
    <>
      <button
        type="button"
        aria-keyshortcuts="Control+K Meta+K"
        onClick={() => setOpen(true)}
        className="mb-1 flex h-8 items-center gap-2.5 rounded-md border border-line px-2 text-soft hover:border-firm hover:text-ink"
      >
        <Icon name="search" />
        Find
        <span className="ml-auto">
          <Keys>{IS_MAC ? '⌘K' : 'Ctrl K'}</Keys>
        </span>
      </button>
      {isOpen &&
        // Where the navigation is folded away, what lies in it would be, too.
        createPortal(
          <Suspense>
            <Palette onClose={() => setOpen(false)} />
          </Suspense>,
          document.body,
        )}
    </>
  );
}
