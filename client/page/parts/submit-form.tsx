import { useMemo, useRef, useState } from 'preact/hooks';
import { InkwireError } from '../../sdk/error.js';
import type { JobRequest } from '../../sdk/types.js';
import { examples } from '../examples.js';
import { amount, bytesText } from '../format.js';
import { lineOf, mapJson, spanOf } from '../json-map.js';
import { useModel } from '../model.js';
import { hrefOf } from '../routes.js';
import { type OpenSession, reasonOf } from '../session.js';
import { Icon } from './icon.js';
import { JsonEditor, type Mistake } from './json-editor.js';

/** Characters: longer texts are edited without colours. */
const colouredLength = 30_000;

export interface SubmitFormProps {
  readonly open: OpenSession;
  readonly title: string;
  /** Text to begin with. */
  readonly begin: string;
  /** Name of the example that it is. */
  readonly example?: string | undefined;
}

/** Written by hand, or begun with an example. */
export function SubmitForm({ open, title, begin, example: first }: SubmitFormProps) {
  const { actions, announcer, drafts, session } = useModel();
  const [text, setText] = useState(begin);
  const [chosen, setChosen] = useState(first);
  const [mistakes, setMistakes] = useState<readonly Mistake[]>([]);
  const [fault, setFault] = useState<string>();
  const [busy, setBusy] = useState(false);
  const field = useRef<HTMLTextAreaElement>(null);
  const list = useRef<HTMLDivElement>(null);
  const map = useMemo(() => (text.length <= colouredLength ? mapJson(text) : undefined), [text]);

  const show = (found: readonly Mistake[]) => {
    setMistakes(found);
    setFault(undefined);
    if (found.length > 0) announcer.say(amount(found.length, 'mistake'));
    requestAnimationFrame(() => list.current?.scrollIntoView({ block: 'nearest' }));
  };
  const submit = async () => {
    const read = mapJson(text);
    if (read.error !== undefined) {
      const { at, message } = read.error;
      show([{ message, from: at, to: at + 1 }]);
      goTo(at);
      return;
    }
    const request: unknown = JSON.parse(text);
    if (!isRequest(request)) {
      show([{ message: 'A request is an object: { … }', from: 0, to: 1 }]);
      return;
    }
    setBusy(true);
    try {
      const job = await actions.submit(open, request);
      drafts.put(job.job_id, text);
      location.hash = hrefOf({ view: 'job', id: job.job_id });
    } catch (error) {
      session.refuse(error);
      if (error instanceof InkwireError && error.errors.length > 0) {
        const found = error.errors.map(({ pointer, message }) => ({
          pointer,
          message,
          ...spanOf(read, pointer),
        }));
        show(found.sort((a, b) => a.from - b.from));
      } else {
        setMistakes([]);
        setFault(reasonOf(error));
      }
    }
    setBusy(false);
  };
  const goTo = (offset: number) => {
    const element = field.current;
    if (element === null) return;
    element.focus();
    element.setSelectionRange(offset, offset);
    const height = Number.parseFloat(getComputedStyle(element).lineHeight);
    const scroll = element.closest('.editor-scroll');
    scroll?.scrollTo({ top: Math.max(0, (lineOf(text, offset) - 3) * height), left: 0 });
  };
  const edit = (next: string) => {
    setText(next);
    setMistakes([]);
  };

  return (
    <section class="view submit">
      <div class="view-head">
        <h1 tabIndex={-1}>{title}</h1>
      </div>
      <div class="examples" role="group" aria-label="Examples">
        {examples.map((example) => (
          <button
            key={example.name}
            type="button"
            class="example"
            aria-pressed={chosen === example.name}
            onClick={() => {
              setChosen(example.name);
              setFault(undefined);
              edit(example.text());
            }}
          >
            <strong>{example.name}</strong>
            <span>{example.about}</span>
          </button>
        ))}
      </div>
      <form
        onSubmit={(event) => {
          event.preventDefault();
          if (!busy) void submit();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Enter' || !(event.ctrlKey || event.metaKey)) return;
          event.preventDefault();
          if (!busy) void submit();
        }}
      >
        <JsonEditor
          text={text}
          map={map}
          mistakes={mistakes}
          describedBy="mistakes"
          field={field}
          onInput={edit}
        />
        <div class="mistakes" id="mistakes" ref={list}>
          {fault !== undefined && (
            <p class="fault" role="alert">
              <Icon name="failed" /> {fault}
            </p>
          )}
          {mistakes.length > 0 && (
            <>
              <h2>{amount(mistakes.length, 'mistake')}</h2>
              <ul>
                {mistakes.map((mistake) => (
                  <li key={`${mistake.from} ${mistake.message}`}>
                    <button type="button" class="link" onClick={() => goTo(mistake.from)}>
                      Line {lineOf(text, mistake.from) + 1}
                    </button>{' '}
                    {mistake.pointer !== undefined && mistake.pointer !== '' && (
                      <code>{mistake.pointer}</code>
                    )}{' '}
                    {mistake.message}
                  </li>
                ))}
              </ul>
            </>
          )}
        </div>
        <div class="buttons submit-buttons">
          <button type="submit" class="primary" disabled={busy}>
            {busy ? 'Submitting …' : 'Submit'}
          </button>
          <span class="quiet wide-only">
            <kbd>Ctrl</kbd> <kbd>Enter</kbd>
          </span>
          <span class="quiet">{bytesText(text.length)}</span>
          <a href="/docs">What a request can hold</a>
        </div>
      </form>
    </section>
  );
}

function isRequest(value: unknown): value is JobRequest {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
