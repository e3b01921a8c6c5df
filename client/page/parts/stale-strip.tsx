import { amount, countText } from '../format.js';
import { useModel } from '../model.js';

const clock = new Intl.DateTimeFormat('en-GB', { timeStyle: 'medium' });

/** What is shown is old: since when, and when it is tried again. Once it is live again, how much came meanwhile. */
export function StaleStrip() {
  const { session, tick } = useModel();
  const since = session.staleSince.value;
  const caughtUp = session.caughtUp.value;
  if (since === undefined) {
    if (caughtUp === undefined) return null;
    return (
      <p class="panel strip strip-done" role="status">
        <span>
          {caughtUp === 'anew'
            ? 'Live again. The list was loaded anew.'
            : `Caught up, ${amount(caughtUp, 'change')}.`}
        </span>
      </p>
    );
  }
  const { retryAt } = session.connection.value;
  const seconds = retryAt === undefined ? 0 : Math.ceil((retryAt - tick.value) / 1000);
  return (
    <div class="panel panel-warning strip" role="status">
      <span>
        Not live since <b>{clock.format(since)}</b>,{' '}
        <span aria-hidden="true">
          {seconds > 0 ? `trying again in ${countText(seconds)} s` : 'trying again'}
        </span>
      </span>
      <button
        type="button"
        class="small"
        onClick={() => {
          // What a browser says when the network is back: the client then tries at once.
          dispatchEvent(new Event('online'));
        }}
      >
        Try now
      </button>
    </div>
  );
}
