import { Fragment } from 'preact';
import { useState } from 'preact/hooks';
import type { DeliveryRecord, WebhookRecord } from '../../../src/protocol/webhook-record.js';
import type { Notice } from '../actions.js';
import { useAnswer } from '../answer.js';
import { useModel } from '../model.js';
import { Ago } from '../parts/ago.js';
import { CopyButton } from '../parts/copy-button.js';
import { ListState } from '../parts/list-state.js';
import { type OpenSession, reasonOf } from '../session.js';
import {
  addWebhook,
  getDelivery,
  listDeliveries,
  listWebhooks,
  outcomeOf,
  removeWebhook,
  replayDelivery,
  testWebhook,
  turnWebhook,
} from '../webhooks.js';

/** Text for the user, or a notice. */
type Act = (work: () => Promise<string | Omit<Notice, 'id'> | undefined>) => Promise<void>;

/** Addresses that are told what happens to jobs, with what was sent to each. */
export function WebhooksPage({ open }: { readonly open: OpenSession }) {
  const { actions } = useModel();
  const [round, setRound] = useState(0);
  const [made, setMade] = useState<WebhookRecord>();
  const { answer, fault } = useAnswer((signal) => listWebhooks(open.http, signal), [open, round]);
  /** Does something, says how it went, and asks anew. */
  const act: Act = async (work) => {
    try {
      const said = await work();
      if (said !== undefined) actions.notify(typeof said === 'string' ? { tone: 'done', text: said } : said);
    } catch (error) {
      actions.notify({ tone: 'failed', text: reasonOf(error) });
    }
    setRound((before) => before + 1);
  };
  return (
    <section class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>Webhooks</h1>
      </div>
      {open.mayWrite && <AddForm open={open} act={act} onMade={setMade} />}
      {made?.secret !== undefined && (
        <p class="panel panel-done webhook-secret" role="status">
          <span>
            The secret of the new webhook, shown this once: <code class="secret">{made.secret}</code>
          </span>
          <CopyButton text={made.secret} label="Copy the secret" />
        </p>
      )}
      <ListState answer={answer} fault={fault} none="No webhooks yet">
        A webhook is an address of yours that is told when jobs end, with a signed message for each.
      </ListState>
      {answer?.map((webhook) => (
        <Webhook key={webhook.id} open={open} webhook={webhook} round={round} act={act} />
      ))}
    </section>
  );
}

function AddForm({
  open,
  act,
  onMade,
}: {
  readonly open: OpenSession;
  readonly act: Act;
  readonly onMade: (made: WebhookRecord) => void;
}) {
  const [url, setUrl] = useState('');
  const add = () =>
    act(async () => {
      onMade(await addWebhook(open.http, url.trim()));
      setUrl('');
      return undefined;
    });
  return (
    <form
      class="webhook-add"
      onSubmit={(event) => {
        event.preventDefault();
        void add();
      }}
    >
      <label class="field">
        <span>Address</span>
        <input
          type="url"
          required
          placeholder="https://example.org/inkwire"
          value={url}
          onInput={(event) => setUrl(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="primary">
        Add webhook
      </button>
    </form>
  );
}

function Webhook({
  open,
  webhook,
  round,
  act,
}: {
  readonly open: OpenSession;
  readonly webhook: WebhookRecord;
  readonly round: number;
  readonly act: Act;
}) {
  const { id, url, status, description, events, enabled, off } = webhook;
  const { http } = open;
  const [isShown, setShown] = useState(false);
  const isOn = enabled && off === undefined;
  const test = async () => {
    const sent = await testWebhook(http, id);
    return sent.status === 'delivered'
      ? `The receiver took the test message (${outcomeOf(sent)}).`
      : ({ tone: 'failed', text: `The receiver did not take it: ${outcomeOf(sent)}` } as const);
  };
  return (
    <article class="panel webhook" aria-label={url}>
      <div class="group-head">
        <h2>{url}</h2>
        <span class={`webhook-status webhook-${status}`}>
          {status}
          {off !== undefined && ` (${off.reason})`}
        </span>
      </div>
      <p class="quiet">
        {description !== undefined && <>{description} · </>}
        <code>{id}</code> · {events.join(', ')}
      </p>
      <div class="buttons">
        <button type="button" class="small" aria-expanded={isShown} onClick={() => setShown(!isShown)}>
          Deliveries
        </button>
        {open.mayWrite && (
          <>
            <button type="button" class="small" onClick={() => act(test)}>
              Send a test
            </button>
            <button
              type="button"
              class="small"
              onClick={() =>
                act(async () => {
                  await turnWebhook(http, id, !isOn);
                  return isOn ? undefined : 'On again: what it missed is sent.';
                })
              }
            >
              {isOn ? 'Turn off' : 'Turn on'}
            </button>
            <button
              type="button"
              class="small"
              onClick={() => {
                if (!confirm(`Remove the webhook to ${url}, with its deliveries?`)) return;
                void act(async () => {
                  await removeWebhook(http, id);
                  return 'The webhook is removed.';
                });
              }}
            >
              Remove
            </button>
          </>
        )}
      </div>
      {isShown && <Deliveries open={open} id={id} round={round} act={act} />}
    </article>
  );
}

function Deliveries({
  open,
  id,
  round,
  act,
}: {
  readonly open: OpenSession;
  readonly id: string;
  readonly round: number;
  readonly act: Act;
}) {
  const { http } = open;
  const { answer, fault } = useAnswer((signal) => listDeliveries(http, id, signal), [open, id, round]);
  const [whole, setWhole] = useState<DeliveryRecord>();
  if (fault !== undefined) return <p class="fault">{fault}</p>;
  if (answer === undefined) return <p class="quiet">Loading …</p>;
  if (answer.length === 0) return <p class="quiet">Nothing was sent so far.</p>;
  return (
    <table class="webhook-log">
      <thead>
        <tr>
          <th scope="col">Message</th>
          <th scope="col">Status</th>
          <th scope="col">Answer</th>
          <th scope="col">Made</th>
          <td />
        </tr>
      </thead>
      <tbody>
        {answer.map((one) => (
          <Fragment key={one.id}>
            <tr>
              <th scope="row">
                <button
                  type="button"
                  class="link"
                  aria-expanded={whole?.id === one.id}
                  onClick={() => {
                    if (whole?.id === one.id) setWhole(undefined);
                    else void act(async () => void setWhole(await getDelivery(http, id, one.id)));
                  }}
                >
                  {one.type}
                </button>
              </th>
              <td>
                {one.status}
                {one.attempts > 1 && `, ${one.attempts} attempts`}
              </td>
              <td>{outcomeOf(one)}</td>
              <td>
                <Ago at={one.created_at} />
              </td>
              <td>
                {open.mayWrite && (
                  <button
                    type="button"
                    class="small"
                    onClick={() =>
                      act(async () => {
                        await replayDelivery(http, id, one.id);
                        return 'The message is sent again.';
                      })
                    }
                  >
                    Send again
                  </button>
                )}
              </td>
            </tr>
            {whole?.id === one.id && (
              <tr>
                <td colSpan={5}>
                  <ul>
                    {whole.tries?.map(({ at, status, error, answer: said, duration_ms: ms }) => (
                      <li key={at}>
                        {at} {status ?? error} ({ms} ms) {said !== undefined && <code>{said}</code>}
                      </li>
                    ))}
                  </ul>
                  <pre>{whole.body}</pre>
                </td>
              </tr>
            )}
          </Fragment>
        ))}
      </tbody>
    </table>
  );
}
