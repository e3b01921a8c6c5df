import type { Subject, Topic } from '../protocol/topic.js';

/** A single follower is kept bare: most jobs have one at most, and a set of one takes 200 bytes. */
type Followers<T> = T | Set<T>;

interface OwnerIndex<T> {
  readonly all: Set<T>;
  readonly jobs: Map<string, Followers<T>>;
  readonly groups: Map<string, Followers<T>>;
  readonly kinds: Map<string, Followers<T>>;
  readonly tags: Map<string, Followers<T>>;
}

/**
 * The followers of each topic (`T` is not a `Set`), by owner: finding the followers of a fact costs a look-up
 * for each of its topics, however many followers other topics have.
 */
export class TopicIndex<T> {
  readonly #owners = new Map<string, OwnerIndex<T>>();

  add(owner: string, topic: Topic, follower: T): void {
    let index = this.#owners.get(owner);
    if (index === undefined) {
      index = { all: new Set(), jobs: new Map(), groups: new Map(), kinds: new Map(), tags: new Map() };
      this.#owners.set(owner, index);
    }
    const [map, key] = placeOf(index, topic);
    if (map === undefined) {
      index.all.add(follower);
      return;
    }
    const held = map.get(key);
    if (held === undefined) map.set(key, follower);
    else if (held instanceof Set) held.add(follower);
    else if (held !== follower) map.set(key, new Set([held, follower]));
  }

  remove(owner: string, topic: Topic, follower: T): void {
    const index = this.#owners.get(owner);
    if (index === undefined) return;
    const [map, key] = placeOf(index, topic);
    const held = map === undefined ? index.all : map.get(key);
    if (held instanceof Set) held.delete(follower);
    if (held === follower || (held instanceof Set && held.size === 0)) map?.delete(key);
    const { all, jobs, groups, kinds, tags } = index;
    if (all.size + jobs.size + groups.size + kinds.size + tags.size === 0) this.#owners.delete(owner);
  }

  /** Calls back for each follower of a subject; as often as it has topics that fit. */
  forEach(owner: string, subject: Subject, call: (follower: T) => void): void {
    const index = this.#owners.get(owner);
    if (index === undefined) return;
    for (const follower of index.all) call(follower);
    each(index.jobs.get(subject.jobId), call);
    if (subject.group !== undefined) each(index.groups.get(subject.group), call);
    each(index.kinds.get(subject.kind), call);
    if (subject.tags === undefined || index.tags.size === 0) return;
    for (const tag of subject.tags) each(index.tags.get(tag), call);
  }
}

function each<T>(followers: Followers<T> | undefined, call: (follower: T) => void): void {
  if (followers instanceof Set) for (const follower of followers) call(follower);
  else if (followers !== undefined) call(followers);
}

function placeOf<T>(
  index: OwnerIndex<T>,
  topic: Topic,
): readonly [map: Map<string, Followers<T>> | undefined, key: string] {
  switch (topic.type) {
    case 'jobs':
      return [undefined, ''];
    case 'job':
      return [index.jobs, topic.id];
    case 'group':
      return [index.groups, topic.name];
    case 'kind':
      return [index.kinds, topic.kind];
    case 'tag':
      return [index.tags, topic.tag];
  }
}
