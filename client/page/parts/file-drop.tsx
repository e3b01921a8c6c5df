import { useRef, useState } from 'preact/hooks';
import { bytesText } from '../format.js';
import { Icon } from './icon.js';

export interface FileDropProps {
  readonly label: string;
  /** As of an input: `.pdf`. */
  readonly accept: string;
  readonly file: File | undefined;
  /** What is known of the file. */
  readonly about: string | undefined;
  readonly onFile: (file: File) => void;
}

/** A place for a file: dropped onto it, or chosen. */
export function FileDrop({ label, accept, file, about, onFile }: FileDropProps) {
  const [over, setOver] = useState(false);
  const input = useRef<HTMLInputElement>(null);
  const take = (files: FileList | null | undefined): void => {
    const [first] = files ?? [];
    if (first !== undefined) onFile(first);
  };
  return (
    // biome-ignore lint/a11y/noStaticElementInteractions: a mouse may drop a file anywhere on it; the button does the same
    <div
      class={`panel drop${over ? ' drop-over' : ''}`}
      onDragOver={(event) => {
        event.preventDefault();
        setOver(true);
      }}
      onDragLeave={() => setOver(false)}
      onDrop={(event) => {
        event.preventDefault();
        setOver(false);
        take(event.dataTransfer?.files);
      }}
    >
      <Icon name={file === undefined ? 'up' : 'page'} />
      <div>
        <strong class="clip">{file?.name ?? label}</strong>
        <span class="quiet">
          {file === undefined
            ? 'Drop it here, or'
            : `${bytesText(file.size)}${about === undefined ? '' : `, ${about}`}`}
        </span>
      </div>
      <button type="button" class="small" onClick={() => input.current?.click()}>
        {file === undefined ? 'Choose' : 'Another'}
        <span class="unseen"> {label}</span>
      </button>
      <input
        ref={input}
        type="file"
        accept={accept}
        aria-label={label}
        hidden
        onChange={(event) => {
          take(event.currentTarget.files);
          event.currentTarget.value = '';
        }}
      />
    </div>
  );
}
