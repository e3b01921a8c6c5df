import { groupShape, jobIdShape } from '../../src/protocol/names.js';
import { designIdShape } from './designs.js';
import { type JobFilter, sinceOf, statusOf } from './job-filter.js';

/** Which view is shown; the address after `#` says it, so that a view can be linked to. */
export type Route =
  | { readonly view: 'jobs'; readonly filter: JobFilter }
  | { readonly view: 'job'; readonly id: string }
  | { readonly view: 'groups' }
  /** Threads, what waits, and the last hour. */
  | { readonly view: 'overview' }
  | { readonly view: 'group'; readonly name: string; readonly filter: JobFilter }
  /** `from`: begin with the request of this job; `request`: with this text. */
  | { readonly view: 'submit'; readonly from?: string; readonly request?: string }
  | { readonly view: 'designs' }
  | { readonly view: 'webhooks' }
  /** One PDF with many rows. */
  | { readonly view: 'fill' }
  /** Without an id: a new one; without a version: the latest. */
  | { readonly view: 'design'; readonly id?: string; readonly version?: number }
  | { readonly view: 'nowhere' };

/** Characters of a request in an address: it is for examples. */
const maxRequest = 50_000;

export function parseRoute(hash: string): Route {
  const [path = '', query = ''] = hash.replace(/^#/, '').split('?', 2);
  const [, view = '', ...rest] = path.split('/');
  const name = decoded(rest.join('/'));
  const params = new URLSearchParams(query);
  if (view === '' || (view === 'jobs' && name === '')) return { view: 'jobs', filter: filterOf(params) };
  if (view === 'jobs' && jobIdShape.test(name)) return { view: 'job', id: name };
  if (view === 'groups' && name === '') return { view: 'groups' };
  if (view === 'overview' && name === '') return { view: 'overview' };
  if (view === 'groups' && groupShape.test(name)) return { view: 'group', name, filter: filterOf(params) };
  if (view === 'submit' && name === '') {
    const from = params.get('from') ?? '';
    const request = params.get('request') ?? '';
    if (jobIdShape.test(from)) return { view: 'submit', from };
    return request === '' || request.length > maxRequest ? { view: 'submit' } : { view: 'submit', request };
  }
  if (view === 'webhooks' && name === '') return { view: 'webhooks' };
  if (view === 'fill' && name === '') return { view: 'fill' };
  if (view === 'designs' && name === '') return { view: 'designs' };
  if (view === 'designs' && designIdShape.test(name)) {
    const version = params.get('version') ?? '';
    return {
      view: 'design',
      id: name,
      ...(/^[1-9]\d{0,8}$/.test(version) ? { version: Number(version) } : {}),
    };
  }
  if (view === 'new-design' && name === '') return { view: 'design' };
  return { view: 'nowhere' };
}

export function hrefOf(route: Route): string {
  switch (route.view) {
    case 'jobs':
      return `#/jobs${queryOf(route.filter)}`;
    case 'job':
      return `#/jobs/${route.id}`;
    case 'groups':
      return '#/groups';
    case 'overview':
      return '#/overview';
    case 'group':
      return `#/groups/${encodeURIComponent(route.name)}${queryOf(route.filter)}`;
    case 'submit':
      if (route.request !== undefined) return `#/submit?request=${encodeURIComponent(route.request)}`;
      return route.from === undefined ? '#/submit' : `#/submit?from=${route.from}`;
    case 'webhooks':
      return '#/webhooks';
    case 'fill':
      return '#/fill';
    case 'designs':
      return '#/designs';
    case 'design': {
      const { id, version } = route;
      if (id === undefined) return '#/new-design';
      return `#/designs/${id}${version === undefined ? '' : `?version=${version}`}`;
    }
    case 'nowhere':
      return '#/';
  }
}

/**
 * Where a view of an owner is: one of another owner than is shown begins the page anew, since all of it is that owner's.
 * @param shown whose things the page shows
 */
export function hrefFor(shown: string | undefined, owner: string | undefined, route: Route): string {
  const hash = hrefOf(route);
  return owner === undefined || owner === shown ? hash : `/?owner=${encodeURIComponent(owner)}${hash}`;
}

function filterOf(params: URLSearchParams): JobFilter {
  const status = statusOf(params.get('status'));
  const kind = params.get('kind') ?? '';
  const group = params.get('group') ?? '';
  const tag = params.get('tag') ?? '';
  const since = sinceOf(params.get('since'));
  const cause = params.get('cause') ?? '';
  const isOldest = params.get('order') === 'oldest';
  const text = params.get('q') ?? '';
  return {
    ...(status === undefined ? {} : { status }),
    ...(kind === '' ? {} : { kind }),
    ...(group === '' ? {} : { group }),
    ...(tag === '' ? {} : { tag }),
    ...(since === undefined ? {} : { since }),
    ...(cause === '' ? {} : { cause }),
    ...(isOldest ? { order: 'oldest' as const } : {}),
    ...(text === '' ? {} : { text }),
  };
}

function queryOf({ status, kind, group, tag, since, cause, order, text }: JobFilter): string {
  const params = new URLSearchParams();
  if (status !== undefined) params.set('status', status);
  if (kind !== undefined) params.set('kind', kind);
  if (group !== undefined) params.set('group', group);
  if (tag !== undefined) params.set('tag', tag);
  if (since !== undefined) params.set('since', since);
  if (cause !== undefined) params.set('cause', cause);
  if (order !== undefined) params.set('order', order);
  if (text !== undefined && text.trim() !== '') params.set('q', text);
  const query = params.toString();
  return query === '' ? '' : `?${query}`;
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // Typed by hand: a lone per cent sign is no name of anything.
    return '/';
  }
}
