import {
  createContext,
  createElement,
  type ReactElement,
  type ReactNode,
  useCallback,
  useContext,
  useMemo,
  useState,
  useSyncExternalStore,
} from 'react';
import type {
  ConnectionState,
  ExpiredJob,
  GroupProgress,
  Inkwire,
  JobRecord,
  JobRequest,
  SubmitOptions,
  SubmittedJob,
} from '../sdk/client.js';
import { type Live, live, shared } from './live.js';

const Context = createContext<Inkwire | undefined>(undefined);

/** Gives a client to all hooks below it. Who makes the client closes it. */
export function InkwireProvider({
  client,
  children,
}: {
  readonly client: Inkwire;
  readonly children?: ReactNode;
}): ReactElement {
  return createElement(Context.Provider, { value: client }, children);
}

/** The client of the nearest `InkwireProvider`. */
export function useInkwire(): Inkwire {
  const client = useContext(Context);
  if (client === undefined) throw new Error('There is no InkwireProvider around this component.');
  return client;
}

function useLive<Value>(followed: Live<Value>): Value {
  return useSyncExternalStore(followed.subscribe, followed.get, followed.get);
}

/** A job as it is now; undefined until it is known. `error`: why it is not followed, for example `not-found`. */
export interface FollowedJob {
  readonly job?: JobRecord | ExpiredJob;
  /** It was deleted; `job` is what it was. */
  readonly deleted?: true;
  readonly error?: unknown;
}

const nothing: Live<FollowedJob> = { get: () => noJob, subscribe: () => () => undefined };
const noJob: FollowedJob = {};

/** Follows a job. @param id undefined: none yet */
export function useJob(id: string | undefined): FollowedJob {
  const inkwire = useInkwire();
  const followed = useMemo(() => (id === undefined ? nothing : jobOf(inkwire, id)), [inkwire, id]);
  return useLive(followed);
}

function jobOf(inkwire: Inkwire, id: string): Live<FollowedJob> {
  return shared(inkwire, `job ${id}`, (onIdle) =>
    live<FollowedJob>(
      noJob,
      (put) => {
        const feed = inkwire.watch(id);
        feed.on('item', (item) => {
          if (item.type === 'reset') return;
          const { job, type } = item;
          put(() => (type === 'job.deleted' ? { job, deleted: true } : { job }));
        });
        feed.on('error', (error) => put((value) => ({ ...value, error })));
        return () => feed.close();
      },
      onIdle,
    ),
  );
}

/** Jobs of some topics, newest first. `ready`: all that there were have come. */
export interface FollowedJobs {
  readonly jobs: readonly (JobRecord | ExpiredJob)[];
  readonly ready: boolean;
  readonly error?: unknown;
}

const noJobs: FollowedJobs = { jobs: [], ready: false };

/**
 * Follows jobs: `jobs` (all of the key's owner), `group:<name>`, `kind:<kind>`, `tag:<tag>`, `job:<id>`. Draws at most ten times a second,
 * however many jobs progress.
 */
export function useJobs(...topics: readonly string[]): FollowedJobs {
  const inkwire = useInkwire();
  const name = JSON.stringify(topics.length === 0 ? ['jobs'] : topics);
  return useLive(useMemo(() => jobsOf(inkwire, name), [inkwire, name]));
}

function jobsOf(inkwire: Inkwire, name: string): Live<FollowedJobs> {
  return shared(inkwire, `jobs ${name}`, (onIdle) =>
    live<FollowedJobs>(
      noJobs,
      (put) => {
        const known = new Map<string, JobRecord | ExpiredJob>();
        let ready = false;
        const feed = inkwire.subscribe(JSON.parse(name) as readonly string[], { progressMs: 250 });
        // A list is made when it is looked at, not with each event.
        const list = () => [...known.values()].sort(newestFirst);
        feed.on('item', (item) => {
          if (item.type === 'reset' || item.type === 'group.completed') return;
          if (item.type === 'snapshot') {
            if (item.first) known.clear();
            for (const job of item.jobs) known.set(job.job_id, job);
            ready = !item.more;
          } else if (item.type === 'job.deleted') known.delete(item.job.job_id);
          else known.set(item.job.job_id, item.job);
          put(() => lazy(list, ready));
        });
        feed.on('error', (error) => put(() => ({ jobs: list(), ready, error })));
        return () => feed.close();
      },
      onIdle,
    ),
  );
}

function lazy(list: () => FollowedJobs['jobs'], ready: boolean): FollowedJobs {
  let made: FollowedJobs['jobs'] | undefined;
  return {
    get jobs() {
      made ??= list();
      return made;
    },
    ready,
  };
}

function newestFirst(one: JobRecord | ExpiredJob, other: JobRecord | ExpiredJob): number {
  if (one.created_at !== other.created_at) return one.created_at < other.created_at ? 1 : -1;
  return one.job_id < other.job_id ? 1 : -1;
}

export interface FollowedGroup {
  readonly group?: GroupProgress;
  readonly error?: unknown;
}

const noGroup: FollowedGroup = {};

/** Counts and progress of a group; `group` is undefined until it has a job. */
export function useGroup(name: string): FollowedGroup {
  const inkwire = useInkwire();
  return useLive(useMemo(() => groupOf(inkwire, name), [inkwire, name]));
}

function groupOf(inkwire: Inkwire, name: string): Live<FollowedGroup> {
  return shared(inkwire, `group ${name}`, (onIdle) =>
    live<FollowedGroup>(
      noGroup,
      (put) => {
        const ending = new AbortController();
        const { signal } = ending;
        const read = async () => {
          while (!signal.aborted) {
            try {
              for await (const group of inkwire.watchGroup(name, { signal, continuous: true }))
                put(() => ({ group }));
              return;
            } catch (error) {
              if (!(error instanceof Error && 'slug' in error && error.slug === 'not-found')) throw error;
            }
            // It begins with its first job.
            const first = inkwire.subscribe([`group:${name}`], { progressMs: 0, signal });
            for await (const item of first) if (item.type !== 'snapshot' || item.jobs.length > 0) break;
          }
        };
        read().catch((error: unknown) => {
          if (!ending.signal.aborted) put((value) => ({ ...value, error }));
        });
        return () => ending.abort();
      },
      onIdle,
    ),
  );
}

export interface Submitting {
  /** Resolves when the job is stored; rejects as `Inkwire.submit` does. */
  readonly submit: (request: JobRequest | FormData, options?: SubmitOptions) => Promise<SubmittedJob>;
  /** The last one that was stored: for `useJob(job?.job_id)`. */
  readonly job?: SubmittedJob;
  /** A submit is under way. */
  readonly busy: boolean;
  /** Why the last one was refused. */
  readonly error?: unknown;
}

/** Submits jobs from events of the page. */
export function useSubmit(): Submitting {
  const inkwire = useInkwire();
  const [state, setState] = useState<Omit<Submitting, 'submit'>>({ busy: false });
  const submit = useCallback(
    async (request: JobRequest | FormData, options?: SubmitOptions) => {
      setState({ busy: true });
      try {
        const job = await inkwire.submit(request, options);
        setState({ busy: false, job });
        return job;
      } catch (error) {
        setState({ busy: false, error });
        throw error;
      }
    },
    [inkwire],
  );
  return { ...state, submit };
}

/** How the connection of the client is. */
export function useConnection(): ConnectionState {
  const inkwire = useInkwire();
  return useSyncExternalStore(
    useCallback((changed) => inkwire.onConnection(changed), [inkwire]),
    () => inkwire.connection,
    () => inkwire.connection,
  );
}
