import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useAnswer } from './answer.js';
import { useModel } from './model.js';
import { ConnectionMenu } from './parts/connection-menu.js';
import { Help } from './parts/help.js';
import { Icon } from './parts/icon.js';
import { Notices } from './parts/notices.js';
import { OwnerMenu } from './parts/owner-menu.js';
import { QueueStrip } from './parts/queue-strip.js';
import { StaleStrip } from './parts/stale-strip.js';
import { ThemeButton } from './parts/theme-button.js';
import { hrefOf, type Route } from './routes.js';
import { type OpenSession, reasonOf } from './session.js';
import { useShortcuts } from './shortcuts.js';
import { DesignsPage } from './views/designs.js';
import { GroupPage } from './views/group.js';
import { GroupsPage } from './views/groups.js';
import { JobPage } from './views/job.js';
import { JobsPage } from './views/jobs.js';
import { KeyForm } from './views/key-form.js';
import { OverviewView } from './views/overview.js';
import { WebhooksPage } from './views/webhooks.js';

export function Page() {
  const { session } = useModel();
  useShortcuts();
  const state = session.state.value;
  return (
    <>
      <button type="button" class="skip" onClick={skip}>
        Skip to the content
      </button>
      <Header />
      <main id="main" tabIndex={-1}>
        {session.outdated.value && <Outdated />}
        {state.phase === 'opening' && <p class="quiet centred">Connecting …</p>}
        {state.phase === 'unreachable' && (
          <div class="empty" role="status">
            <Icon name="offline" />
            <h1>The server does not answer</h1>
            <p>{state.reason}</p>
            <p class="quiet">Trying again by itself.</p>
          </div>
        )}
        {state.phase === 'locked' && <KeyForm key={state.reason} reason={state.reason} />}
        {state.phase === 'open' && (
          <>
            <StaleStrip />
            <QueueStrip open={state} />
            {state.visiting && <Visit open={state} />}
            <StreamFailure open={state} />
            <View open={state} />
          </>
        )}
      </main>
      <Notices />
      <Announcements />
      <Help />
    </>
  );
}

/** A link to `#main` would be taken for a route. */
function skip(): void {
  document.getElementById('main')?.focus();
}

function Header() {
  const { session, actions, route, help } = useModel();
  const state = session.state.value;
  const { view } = route.value;
  const current = (here: boolean) => (here ? 'page' : undefined);
  const views = useRef<HTMLElement>(null);
  useEffect(() => {
    views.current?.querySelector('[aria-current]')?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [view]);
  return (
    <header class="bar">
      <a class="brand" href={hrefOf({ view: 'jobs', filter: {} })} aria-label="Inkwire, all jobs">
        <Icon name="brand" />
        <span>Inkwire</span>
      </a>
      {state.phase === 'open' && (
        <nav ref={views} aria-label="Views">
          <a href={hrefOf({ view: 'overview' })} aria-current={current(view === 'overview')}>
            Overview
          </a>
          <a
            href={hrefOf({ view: 'jobs', filter: {} })}
            aria-current={current(view === 'jobs' || view === 'job')}
          >
            Jobs
          </a>
          <a href={hrefOf({ view: 'groups' })} aria-current={current(view === 'groups' || view === 'group')}>
            Groups
          </a>
          <a
            href={hrefOf({ view: 'designs' })}
            aria-current={current(view === 'designs' || view === 'design')}
          >
            Designs
          </a>
          <a href={hrefOf({ view: 'webhooks' })} aria-current={current(view === 'webhooks')}>
            Webhooks
          </a>
          {state.mayWrite && (
            <a href={hrefOf({ view: 'fill' })} aria-current={current(view === 'fill')}>
              Fill
            </a>
          )}
          {state.mayWrite && (
            <a href={hrefOf({ view: 'submit' })} aria-current={current(view === 'submit')}>
              Submit
            </a>
          )}
        </nav>
      )}
      <div class="bar-end">
        {state.phase === 'open' && state.isAdmin && <OwnerMenu open={state} />}
        {state.phase === 'open' && <ConnectionMenu />}
        <a
          class="icon-button wide-only"
          href="/docs"
          title="API documentation"
          aria-label="API documentation"
        >
          <Icon name="book" />
        </a>
        <ThemeButton />
        <button
          type="button"
          class="icon-button wide-only"
          title="Keyboard and help (?)"
          aria-label="Keyboard and help"
          onClick={() => {
            help.value = true;
          }}
        >
          <Icon name="help" />
        </button>
        {state.phase === 'open' && state.keyed && (
          <button
            type="button"
            class="icon-button"
            title={`Sign out${state.owner === undefined ? '' : ` (${state.owner})`}`}
            aria-label="Sign out"
            onClick={() => void actions.signOut()}
          >
            <Icon name="lock" />
          </button>
        )}
      </div>
    </header>
  );
}

/** Not by itself: a request may be half written. */
function Outdated() {
  return (
    <div class="panel panel-warning strip" role="status">
      <span>The server has another version of this page.</span>
      <button type="button" class="small" onClick={() => location.reload()}>
        Reload
      </button>
    </div>
  );
}

/** What other owners have, to be read by a key with the scope `admin`. */
function Visit({ open: { owner, isEvery } }: { readonly open: OpenSession }) {
  return (
    <p class="panel strip" role="status">
      <span>
        These are the jobs of <b>{isEvery ? 'every owner' : owner}</b>, to be read only.
      </span>
      <a href="/">Back to your own</a>
    </p>
  );
}

/** The stream has ended for good: a key that may not watch, or a server that speaks otherwise. */
function StreamFailure({ open }: { readonly open: OpenSession }) {
  const failure = open.jobs.failure.value;
  if (failure === undefined) return null;
  return (
    <p class="panel panel-fault strip" role="alert">
      Nothing here is live any more: {reasonOf(failure)}
    </p>
  );
}

function View({ open }: { readonly open: OpenSession }) {
  const { route } = useModel();
  const current = route.value;
  const arrive = useArrival(current);
  switch (current.view) {
    case 'jobs':
      return <JobsPage open={open} filter={current.filter} />;
    case 'job':
      return <JobPage key={current.id} open={open} id={current.id} />;
    case 'groups':
      return <GroupsPage open={open} />;
    case 'group':
      return <GroupPage key={current.name} open={open} name={current.name} filter={current.filter} />;
    case 'submit':
      if (!open.mayWrite) return <ReadOnly />;
      return (
        <Later key="submit" load={() => import('./views/submit.js')} onShown={arrive}>
          {({ SubmitPage }) => (
            <SubmitPage
              key={current.from ?? current.request ?? ''}
              open={open}
              from={current.from}
              request={current.request}
            />
          )}
        </Later>
      );
    case 'fill':
      if (!open.mayWrite) return <ReadOnly />;
      return (
        <Later key="fill" load={() => import('./views/fill.js')} onShown={arrive}>
          {({ FillView }) => <FillView open={open} />}
        </Later>
      );
    case 'overview':
      return <OverviewView open={open} />;
    case 'webhooks':
      return <WebhooksPage open={open} />;
    case 'designs':
      return <DesignsPage open={open} />;
    case 'design': {
      const { id, version } = current;
      return (
        <Later key="design" load={() => import('./views/design.js')} onShown={arrive}>
          {({ DesignPage }) => <DesignPage key={`${id} ${version}`} open={open} id={id} version={version} />}
        </Later>
      );
    }
    case 'nowhere':
      return (
        <div class="empty">
          <h1>There is no such view</h1>
          <p>
            <a href={hrefOf({ view: 'jobs', filter: {} })}>To the jobs</a>
          </p>
        </div>
      );
  }
}

interface LaterProps<Part> {
  /** Always the same for one key. */
  load(): Promise<Part>;
  onShown(): void;
  children(part: Part): JSX.Element;
}

/** A part of its own: few come for it, and it weighs as much as several others. */
function Later<Part>({ load, onShown, children }: LaterProps<Part>) {
  const { answer, fault } = useAnswer(load, []);
  const isShown = answer !== undefined;
  useEffect(() => {
    if (isShown) onShown();
  }, [isShown]);
  if (answer !== undefined) return children(answer);
  return fault === undefined ? (
    <p class="quiet centred">Loading …</p>
  ) : (
    <p class="fault" role="alert">
      {fault}
    </p>
  );
}

/** An address that somebody with another key has sent. */
function ReadOnly() {
  return (
    <div class="empty">
      <h1>This key may read jobs, and not submit any</h1>
      <p>
        It has no scope <span class="mono">jobs:write</span>.
      </p>
      <p>
        <a href={hrefOf({ view: 'jobs', filter: {} })}>To the jobs</a>
      </p>
    </div>
  );
}

/** Another one is another view, whose heading is gone to. */
function placeOf(route: Route): string {
  switch (route.view) {
    case 'job':
      return route.id;
    case 'group':
      return route.name;
    case 'design':
      return route.id ?? 'New design';
    default:
      return route.view;
  }
}

/**
 * Sets the page's title to the shown view, and announces the view to a screen reader.
 * @returns to be called when a view is there that was loaded first
 */
function useArrival(route: Route): () => void {
  const place = placeOf(route);
  /** Views before this one. */
  const before = useRef(-1);
  const arrive = (): void => {
    if (before.current < 1) return;
    // A list puts the focus where it was left; every other view begins with its heading.
    requestAnimationFrame(() => {
      const main = document.getElementById('main');
      if (main?.contains(document.activeElement) === true && document.activeElement !== main) return;
      main?.querySelector<HTMLElement>('h1')?.focus({ preventScroll: true });
    });
  };
  useEffect(() => {
    const title =
      {
        jobs: 'Jobs',
        groups: 'Groups',
        designs: 'Designs',
        webhooks: 'Webhooks',
        overview: 'Overview',
        fill: 'Fill',
        submit: 'Submit',
      }[place] ?? place;
    document.title = `${title} · Inkwire`;
    before.current += 1;
    arrive();
  }, [place]);
  return arrive;
}

function Announcements() {
  const { announcer } = useModel();
  return (
    <div class="unseen" role="status" aria-live="polite">
      {announcer.text.value}
    </div>
  );
}
