import type { ComponentChildren } from 'preact';
import { useLayoutEffect, useRef } from 'preact/hooks';

export interface DialogProps {
  readonly title: string;
  /** For texts that are wide themselves. */
  readonly wide?: boolean;
  readonly onClose: () => void;
  readonly children: ComponentChildren;
}

/** A modal dialog, open as long as it is drawn. The browser keeps the focus in it and gives it back. */
export function Dialog({ title, wide, onClose, children }: DialogProps) {
  const dialog = useRef<HTMLDialogElement>(null);
  useLayoutEffect(() => {
    const back = document.activeElement;
    const { current } = dialog;
    current?.showModal();
    return () => {
      // As long as it is open, nothing else on the page takes the focus.
      current?.close();
      if (back instanceof HTMLElement && back.isConnected) back.focus({ preventScroll: true });
    };
  }, []);
  return (
    // biome-ignore lint/a11y/useKeyWithClickEvents: the browser closes it with Escape
    <dialog
      ref={dialog}
      class={wide ? 'dialog-wide' : undefined}
      aria-labelledby="dialog-title"
      onClose={onClose}
      onClick={(event) => {
        if (event.target === dialog.current) dialog.current?.close();
      }}
    >
      <div class="dialog-body">
        <h2 id="dialog-title">{title}</h2>
        {children}
      </div>
    </dialog>
  );
}

export interface QuestionProps extends DialogProps {
  /** On the button that goes on. */
  readonly yes: string;
  /** Nothing is lost by it: its button warns of nothing, and the other one keeps nothing. */
  readonly harmless?: boolean;
  readonly onYes: () => void;
}

export function Question({ title, yes, harmless = false, onYes, onClose, children }: QuestionProps) {
  return (
    <Dialog title={title} onClose={onClose}>
      {children}
      <div class="buttons end">
        <button type="button" onClick={onClose}>
          {harmless ? 'Not now' : 'Keep'}
        </button>
        <button
          type="button"
          class={harmless ? 'primary' : 'danger'}
          onClick={() => {
            onClose();
            onYes();
          }}
        >
          {yes}
        </button>
      </div>
    </Dialog>
  );
}
