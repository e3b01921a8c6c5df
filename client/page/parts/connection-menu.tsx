import type { ConnectionState, TransportName } from '../../sdk/types.js';
import { durationText } from '../format.js';
import { useModel } from '../model.js';
import { Menu } from './menu.js';

const transports: Readonly<Record<TransportName, string>> = {
  websocket: 'WebSocket',
  sse: 'Event stream',
  'long-poll': 'Long poll',
  polling: 'Polling',
};

function words({ status, retryAt }: ConnectionState, now: number): string {
  switch (status) {
    case 'live':
      return 'Live';
    case 'idle':
    case 'connecting':
      return 'Connecting';
    case 'waiting': {
      const seconds = Math.ceil(((retryAt ?? now) - now) / 1000);
      return seconds > 0 ? `Offline, again in ${seconds} s` : 'Offline, trying again';
    }
    case 'failed':
      return 'Stopped';
    case 'closed':
      return 'Closed';
  }
}

/** How the stream is, in a word; the rest when it is opened. */
export function ConnectionMenu() {
  const { session, tick } = useModel();
  const state = session.connection.value;
  const text = words(state, tick.value);
  const { transport, latencyMs, resumes, reason, shared = false } = state;
  return (
    <Menu
      name="connection"
      title="Connection"
      summary={
        <>
          <span class={`dot dot-${state.status}`} />
          <span>{text}</span>
        </>
      }
    >
      <dl class="menu-body pairs">
        <dt>Transport</dt>
        <dd>{transport === undefined ? 'none' : transports[transport]}</dd>
        <dt>Round trip</dt>
        <dd>{latencyMs === undefined ? 'not measured' : durationText(latencyMs)}</dd>
        <dt>Resumed</dt>
        <dd>{resumes === 1 ? 'once' : `${resumes} times`}</dd>
        {shared && (
          <>
            <dt>Shared</dt>
            <dd>another tab has the connection</dd>
          </>
        )}
        {reason !== undefined && state.status !== 'live' && (
          <>
            <dt>Last end</dt>
            <dd>{reason}</dd>
          </>
        )}
      </dl>
    </Menu>
  );
}
