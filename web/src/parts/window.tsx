// A window over the page, made by the browser itself: it keeps the focus and closes with Escape.

import { type ReactNode, useEffect, useId, useRef } from 'react';
import { Button, IconButton } from './controls';
import { Icon } from './icons';
import { Refused } from './said';

interface Props {
  title: string;
  onClose: () => void;
  children: ReactNode;
}

export function Window({ title, onClose, children }: Props) {
  const id = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useEffect(() => {
    const found = dialog.current;
    if (found !== null && !found.open) found.showModal();
  }, []);
  return (
    <dialog
      ref={dialog}
      aria-labelledby={id}
      onClose={onClose}
      onClick={(event) => event.target === dialog.current && onClose()}
      className="m-auto max-h-[90dvh] w-[min(42rem,calc(100vw-1.5rem))] overflow-auto rounded-lg border border-line bg-surface p-0 text-ink shadow-xl"
    >
      <header className="sticky top-0 z-10 flex items-center gap-2 border-b border-line bg-surface py-2 pr-2 pl-4">
        <h2 id={id} className="text-lg font-semibold">
          {title}
        </h2>
        <IconButton label="Close" tone="quiet" className="ml-auto" onClick={onClose}>
          <Icon name="close" />
        </IconButton>
      </header>
      <div className="p-4">{children}</div>
    </dialog>
  );
}

interface FootProps {
  acting: { error: unknown; isError: boolean; isPending: boolean };
  /** Done when the button is pressed; without it the form around is sent. */
  onAct?: () => void;
  tone?: 'main' | 'danger';
  isDisabled?: boolean;
  onClose: () => void;
  /** What the button says. */
  children: ReactNode;
}

/** Ends a form: what came of sending it, if nothing good did, and what sends or leaves it. */
export function Foot({ acting, onAct, tone = 'main', isDisabled = false, onClose, children }: FootProps) {
  return (
    <>
      {acting.isError && <Refused error={acting.error} />}
      <div className="flex gap-2">
        <Button
          tone={tone}
          type={onAct === undefined ? 'submit' : 'button'}
          disabled={acting.isPending || isDisabled}
          onClick={onAct}
        >
          {children}
        </Button>
        <Button tone="quiet" onClick={onClose}>
          Cancel
        </Button>
      </div>
    </>
  );
}
