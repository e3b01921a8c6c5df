import { createElement, StrictMode, useState } from 'react';
import { createRoot } from 'react-dom/client';
import { defineInkwireJob } from '../../../client/element/inkwire-job.ts';
import {
  InkwireProvider,
  useConnection,
  useGroup,
  useJob,
  useJobs,
  useSubmit,
} from '../../../client/react/react.ts';
import { Inkwire } from '../../../client/sdk/client.ts';

/** A page of somebody who uses the hooks and the element. What the test looks at is in its text. */
const key = new URLSearchParams(location.search).get('key') ?? '';
const inkwire = new Inkwire({ key, share: false });
const subscriptions = [];
const { subscribe, watch } = inkwire;
inkwire.subscribe = (...call) => {
  subscriptions.push(call[0].join());
  return subscribe.apply(inkwire, call);
};
inkwire.watch = (...call) => {
  subscriptions.push(`watch ${call[0]}`);
  return watch.apply(inkwire, call);
};

function List() {
  const { jobs, ready } = useJobs('tag:react');
  return createElement(
    'p',
    { id: 'list' },
    `${ready} ${jobs.length} ${jobs.map(({ title }) => title).join()}`,
  );
}

function Letter() {
  const { submit, job, busy, error } = useSubmit();
  const followed = useJob(job?.job_id);
  const { group } = useGroup('react');
  const { status } = useConnection();
  const send = (operations, title = 'Letter') =>
    void submit({ title, tags: ['react'], group: 'react', operations }).catch(() => undefined);
  return createElement(
    'div',
    {},
    createElement('button', {
      type: 'button',
      id: 'send',
      disabled: busy,
      onClick: () => send([{ type: 'add_text', text: 'Hello' }]),
    }),
    createElement('button', { type: 'button', id: 'wrong', onClick: () => send('none') }),
    createElement('p', { id: 'error' }, error instanceof Error ? error.message : ''),
    createElement('p', { id: 'job' }, followed.job?.status ?? 'none'),
    createElement('p', { id: 'group' }, `${group?.completed ?? 0} of ${group?.jobs ?? 0}`),
    createElement('p', { id: 'connection' }, status),
  );
}

function App() {
  const [shown, setShown] = useState(true);
  return createElement(
    InkwireProvider,
    { client: inkwire },
    createElement('button', { type: 'button', id: 'toggle', onClick: () => setShown(!shown) }),
    shown && createElement(List),
    shown && createElement(List),
    createElement(Letter),
  );
}

defineInkwireJob();
const root = document.createElement('main');
document.body.append(root);
createRoot(root).render(createElement(StrictMode, {}, createElement(App)));
Object.assign(globalThis, { inkwire, subscriptions });
