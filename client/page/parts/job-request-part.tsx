import { useState } from 'preact/hooks';
import { save } from '../actions.js';
import { type Outline, outlineOf } from '../json-outline.js';
import { useModel } from '../model.js';
import { hrefOf } from '../routes.js';
import { type OpenSession, reasonOf } from '../session.js';
import { Icon } from './icon.js';

interface Shown {
  readonly request: unknown;
  readonly outline: Outline;
}

/**
 * What the job was made from. It may be many megabytes: nothing is loaded before it is asked for, and only a part is
 * drawn.
 */
export function JobRequestPart({ open, id }: { readonly open: OpenSession; readonly id: string }) {
  const { session } = useModel();
  const [shown, setShown] = useState<Shown>();
  const [busy, setBusy] = useState(false);
  const [fault, setFault] = useState<string>();
  const load = async () => {
    setBusy(true);
    try {
      const request = await open.client.request(id);
      setShown({ request, outline: outlineOf(request) });
      setFault(undefined);
    } catch (error) {
      session.refuse(error);
      setFault(reasonOf(error));
    }
    setBusy(false);
  };
  return (
    <section class="panel" aria-labelledby="request">
      <div class="panel-head">
        <h2 id="request">Request</h2>
        <div class="buttons">
          {shown === undefined ? (
            <button type="button" class="small" disabled={busy} onClick={load}>
              {busy ? 'Loading …' : 'Show'}
            </button>
          ) : (
            <button
              type="button"
              class="small"
              onClick={() => save(new Blob([JSON.stringify(shown.request, null, 2)]), `${id}.request.json`)}
            >
              <Icon name="download" /> Save
            </button>
          )}
          {open.mayWrite && (
            <a class="button small" href={hrefOf({ view: 'submit', from: id })}>
              <Icon name="edit" /> Edit as new
            </a>
          )}
        </div>
      </div>
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      {shown !== undefined && (
        <>
          {shown.outline.shortened && <p class="quiet">Shortened to its outline: “Save” gives all of it.</p>}
          {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also for those who have no mouse */}
          <pre class="code" tabIndex={0} role="region" aria-label="Text of the request">
            {shown.outline.text}
          </pre>
        </>
      )}
    </section>
  );
}
