import { useState } from 'preact/hooks';
import { useAnswer } from '../answer.js';
import { examples } from '../examples.js';
import { bytesText } from '../format.js';
import { loadLanguages } from '../languages.js';
import { useModel } from '../model.js';
import type { PreviewAnswer } from '../preview.js';
import { hrefOf } from '../routes.js';
import type { OpenSession } from '../session.js';
import { useDraft } from '../use-draft.js';
import { Icon } from './icon.js';
import { SnippetDialog } from './snippet-dialog.js';
import { Workbench } from './workbench.js';

export interface SubmitFormProps {
  readonly open: OpenSession;
  readonly title: string;
  /** Text to begin with. */
  readonly begin: string;
  /** Name of the example that it is. */
  readonly example?: string | undefined;
}

/** Written by hand, or begun with an example, and looked at while it is written. */
export function SubmitForm({ open, title, begin, example: first }: SubmitFormProps) {
  const { actions, drafts } = useModel();
  const [text, setText] = useState(begin);
  const [chosen, setChosen] = useState(first);
  const [busy, setBusy] = useState(false);
  const [snippet, setSnippet] = useState(false);
  const { answer: languages } = useAnswer(() => loadLanguages(open.http), [open]);
  const draft = useDraft(text, (body, page, signal) =>
    open.http.json<PreviewAnswer>('POST', '/api/v1/preview', {
      query: { page },
      headers: { prefer: 'handling=strict' },
      body,
      signal,
    }),
  );

  const submit = async () => {
    if (busy) return;
    const request = draft.read();
    if (request === undefined) return;
    setBusy(true);
    try {
      const job = await actions.submit(open, request);
      drafts.put(job.job_id, text);
      location.hash = hrefOf({ view: 'job', id: job.job_id });
    } catch (error) {
      draft.refuse(error);
    }
    setBusy(false);
  };

  return (
    <section class="view view-bench">
      <div class="view-head">
        <h1 tabIndex={-1}>{title}</h1>
        <span class="quiet wide-only">{bytesText(text.length)}</span>
        <div class="buttons">
          <a class="wide-only" href="/docs">
            What a request can hold
          </a>
          <button type="button" onClick={() => draft.read() !== undefined && setSnippet(true)}>
            <Icon name="code" /> Use in a program
          </button>
          <button type="button" class="primary" title="Ctrl and Enter" disabled={busy} onClick={submit}>
            {busy ? 'Submitting …' : 'Submit'}
          </button>
        </div>
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
              setText(example.text());
            }}
          >
            <strong>{example.name}</strong>
            <span>{example.about}</span>
          </button>
        ))}
      </div>
      <Workbench
        label="Request, as JSON"
        text={text}
        draft={draft}
        language={languages?.request}
        onInput={setText}
        onSend={submit}
      />
      {snippet && <SnippetDialog body={text} keyed={open.keyed} onClose={() => setSnippet(false)} />}
    </section>
  );
}
