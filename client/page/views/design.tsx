import { useMemo, useState } from 'preact/hooks';
import { isObject } from '../../../src/protocol/is-object.js';
import { useAnswer } from '../answer.js';
import { paramsOf, samplesOf, type Values } from '../design-params.js';
import {
  designIdShape,
  designIn,
  isConflict,
  previewDesign,
  readDesign,
  retireDesign,
  type StoredDesign,
  saveDesign,
} from '../designs.js';
import { indented } from '../json-text.js';
import { loadLanguages } from '../languages.js';
import { useModel } from '../model.js';
import { DesignVersions } from '../parts/design-versions.js';
import { Question } from '../parts/dialog.js';
import { Icon } from '../parts/icon.js';
import { SnippetDialog } from '../parts/snippet-dialog.js';
import { ValueFields } from '../parts/value-fields.js';
import { Workbench } from '../parts/workbench.js';
import { hrefOf } from '../routes.js';
import { type OpenSession, reasonOf } from '../session.js';
import { useDraft } from '../use-draft.js';

const beginning = {
  label: 'Letter',
  params: [
    { name: 'name', type: 'text', label: 'To whom' },
    {
      name: 'items',
      type: 'collection',
      label: 'Items',
      spec: [
        { name: 'what', type: 'text' },
        { name: 'price', type: 'number' },
      ],
    },
  ],
  samples: {
    Ada: {
      name: 'Ada',
      items: [
        { what: 'Ink', price: 9.5 },
        { what: 'Paper', price: 12 },
      ],
    },
  },
  operations: [
    { type: 'add_text', text: 'Dear {{name}},', font_size: 14 },
    {
      type: 'add_table',
      headers: ['Item', 'Price'],
      align: ['left', 'right'],
      rows: [
        { $for: 'item in items', do: [['{{item.what}}', '{{item.price | number(2)}}']] },
        ['Sum', '{{sum(items, price) | number(2)}}'],
      ],
    },
  ],
};

export interface DesignPageProps {
  readonly open: OpenSession;
  /** Undefined: a new one. */
  readonly id: string | undefined;
  /** Undefined: the latest. */
  readonly version: number | undefined;
}

/** A design: its text, its page, and values to try it with. */
export function DesignPage({ open, id, version }: DesignPageProps) {
  if (id === undefined) return <DesignForm open={open} stored={undefined} latest={undefined} />;
  return <FetchedDesign open={open} id={id} version={version} />;
}

function FetchedDesign({ open, id, version }: DesignPageProps & { readonly id: string }) {
  const { answer, fault } = useAnswer(
    async (signal) => {
      const latest = await readDesign(open.http, id, undefined, signal);
      const stored = version === undefined ? latest : await readDesign(open.http, id, version, signal);
      return { latest, stored };
    },
    [open, id, version],
  );
  if (answer !== undefined) return <DesignForm open={open} {...answer} />;
  return (
    <section class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>{id}</h1>
      </div>
      {fault === undefined ? (
        <p class="quiet centred">Loading …</p>
      ) : (
        <p class="fault" role="alert">
          {fault} <a href={hrefOf({ view: 'designs' })}>To the designs</a>
        </p>
      )}
    </section>
  );
}

interface DesignFormProps {
  readonly open: OpenSession;
  /** What is edited; undefined for a new one. */
  readonly stored: StoredDesign | undefined;
  readonly latest: StoredDesign | undefined;
}

type Asking = 'retire' | 'conflict' | 'snippet';

function DesignForm({ open, stored, latest }: DesignFormProps) {
  const { actions, drafts, route, session } = useModel();
  const written = useMemo(() => indented(stored?.design ?? beginning), [stored]);
  const place = `design ${stored?.id ?? ''}`;
  const [text, setText] = useState(drafts.get(place) ?? written);
  const [base, setBase] = useState<Base>({
    text: written,
    version: stored?.version,
    createdAt: stored?.created_at,
    latest: latest?.version ?? 0,
    etag: latest?.etag,
  });
  const [id, setId] = useState(stored?.id ?? '');
  const [own, setOwn] = useState<Values>();
  const [sample, setSample] = useState<string>();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<Asking>();
  const [fault, setFault] = useState<string>();
  const { answer: languages } = useAnswer(() => loadLanguages(open.http), [open]);

  // While a text is no JSON the form stays as it was.
  const known = useMemo(() => ({ last: designIn(written) }), [written]);
  const design = useMemo(() => {
    known.last = designIn(text) ?? known.last;
    return known.last;
  }, [text, known]);
  const params = paramsOf(design);
  const samples = samplesOf(design);
  const [first] = samples.keys();
  const chosen = sample !== undefined && samples.has(sample) ? sample : first;
  const values = own ?? samples.get(chosen ?? '') ?? none;
  const draft = useDraft(
    text,
    (body, page, signal) => previewDesign(open.http, [asMembers(body), values], page, signal),
    values,
  );
  const changed = text !== base.text;
  const isOlder = base.version !== undefined && base.version < base.latest && !changed;

  const edit = (next: string): void => {
    setText(next);
    setFault(undefined);
    drafts.put(place, next);
  };
  const save = async (over = false) => {
    const value = draft.read();
    if (busy || value === undefined || !open.mayWrite) return;
    if (!designIdShape.test(id)) {
      setFault('An id of letters, digits and . _ ~ - is needed.');
      return;
    }
    setBusy(true);
    try {
      const saved = await saveDesign(open.http, id, value, over ? 'any' : { etag: base.etag });
      drafts.drop(place);
      setBase({ text, ...saved, latest: saved.version, createdAt: new Date().toISOString() });
      setFault(undefined);
      actions.notify({ tone: 'done', text: `Version ${saved.version} of ${id} is stored.` });
      if (stored === undefined || route.value.view !== 'design' || route.value.version !== undefined)
        location.hash = hrefOf({ view: 'design', id });
    } catch (error) {
      if (isConflict(error)) setAsking('conflict');
      else draft.refuse(error);
    }
    setBusy(false);
  };
  const retire = async () => {
    try {
      await retireDesign(open.http, id);
      drafts.drop(place);
      actions.notify({ tone: 'done', text: `${id} is retired; accepted jobs keep their version.` });
      location.hash = hrefOf({ view: 'designs' });
    } catch (error) {
      session.refuse(error);
      setFault(reasonOf(error));
    }
  };
  const request = () => {
    const value = draft.read();
    if (value === undefined) return undefined;
    const { version } = base;
    return {
      kind: 'report',
      ...(changed || version === undefined ? { design: value } : { design: id, version }),
      params: values,
    };
  };
  const submit = async () => {
    const body = request();
    if (body === undefined) return;
    try {
      const job = await actions.submit(open, body);
      location.hash = hrefOf({ view: 'job', id: job.job_id });
    } catch (error) {
      session.refuse(error);
      setFault(reasonOf(error));
    }
  };

  const label =
    typeof design?.label === 'string' && design.label !== '' ? design.label : (stored?.id ?? 'New design');
  return (
    <section class="view view-bench">
      <div class="view-head">
        <a
          class="icon-button"
          href={hrefOf({ view: 'designs' })}
          title="All designs"
          aria-label="All designs"
        >
          <Icon name="back" />
        </a>
        <h1 tabIndex={-1}>{stored === undefined ? 'New design' : label}</h1>
        {stored === undefined ? (
          <label class="inline-field">
            <span class="quiet">Id</span>{' '}
            <input
              value={id}
              placeholder="letter"
              spellcheck={false}
              onInput={(event) => setId(event.currentTarget.value)}
            />
          </label>
        ) : (
          <DesignVersions
            id={stored.id}
            version={base.version}
            createdAt={base.createdAt}
            latest={base.latest}
          />
        )}
        {changed && stored !== undefined && (
          <>
            <span class="tag tag-chosen">not stored</span>
            <button
              type="button"
              class="link"
              onClick={() => {
                setText(base.text);
                drafts.drop(place);
              }}
            >
              Discard
            </button>
          </>
        )}
        <div class="buttons">
          {stored !== undefined && open.mayWrite && (
            <button
              type="button"
              class="icon-button"
              title="Retire"
              aria-label="Retire"
              onClick={() => setAsking('retire')}
            >
              <Icon name="delete" />
            </button>
          )}
          <button
            type="button"
            aria-label="Use in a program"
            onClick={() => request() !== undefined && setAsking('snippet')}
          >
            <Icon name="code" />
            <span class="wide-only">Use in a program</span>
          </button>
          {open.mayWrite && (
            <>
              <button type="button" onClick={submit}>
                Make a document
              </button>
              <button
                type="button"
                class="primary"
                disabled={busy || (!changed && stored !== undefined && !isOlder)}
                onClick={() => save()}
              >
                {busy ? 'Storing …' : isOlder ? 'Store again' : 'Store'}
              </button>
            </>
          )}
        </div>
      </div>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <Workbench
        label="Design, as JSON"
        text={text}
        draft={draft}
        language={languages?.design}
        onInput={edit}
        onSend={() => save()}
      >
        {params.length > 0 && (
          <details class="panel values">
            <summary>
              <h2>Values</h2>
              <span class="quiet">{own === undefined ? (chosen ?? 'none') : 'your own'}</span>
            </summary>
            {samples.size > 0 && (
              <div class="buttons" role="group" aria-label="Samples">
                {[...samples.keys()].map((name) => (
                  <button
                    key={name}
                    type="button"
                    class="small"
                    aria-pressed={own === undefined && name === chosen}
                    onClick={() => {
                      setSample(name);
                      setOwn(undefined);
                    }}
                  >
                    {name}
                  </button>
                ))}
              </div>
            )}
            <ValueFields params={params} values={values} onChange={setOwn} />
          </details>
        )}
      </Workbench>
      {asking === 'snippet' && (
        <SnippetDialog body={indented(request())} keyed={open.keyed} onClose={() => setAsking(undefined)} />
      )}
      {asking === 'retire' && (
        <Question title={`Retire ${id}?`} yes="Retire" onYes={retire} onClose={() => setAsking(undefined)}>
          <p>New jobs cannot use it any more. Accepted jobs keep their version.</p>
        </Question>
      )}
      {asking === 'conflict' && (
        <Question
          title="Somebody else has stored a version"
          yes="Store over it"
          onYes={() => void save(true)}
          onClose={() => setAsking(undefined)}
        >
          <p>
            The latest version of {id} is not the one that you began with. Yours would be the next one; theirs
            stays among the versions.
          </p>
        </Question>
      )}
    </section>
  );
}

const none: Values = {};

function asMembers(value: unknown): Values {
  return isObject(value) ? value : none;
}

/** What the text is compared with. */
interface Base {
  readonly text: string;
  readonly version: number | undefined;
  readonly createdAt: string | undefined;
  /** The latest version; 0 for a new design. */
  readonly latest: number;
  /** Of the latest version. */
  readonly etag: string | undefined;
}
