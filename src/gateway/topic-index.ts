import type { Subject, Topic } from '../protocol/topic.js';

/** One follower, in the index once for each of its topics. */
type Followers<T> = Set<T>;

interface OwnerIndex<T> {
  readonly all: Followers<T>;
  readonly jobs: Map<string, Followers<T>>;
  readonly groups: Map<string, Followers<T>>;
  readonly kinds: Map<string, Followers<T>>;
}

/** Who follows what, by owner: finding the followers of a fact costs four look-ups, however many there are of other things. */
export class TopicIndex<T> {
  readonly #owners = new Map<string, OwnerIndex<T>>();

  add(owner: string, topic: Topic, follower: T): void {
    let index = this.#owners.get(owner);
    if (index === undefined) {
      index = { all: new Set(), jobs: new Map(), groups: new Map(), kinds: new Map() };
      this.#owners.set(owner, index);
    }
    const [map, key] = placeOf(index, topic);
    if (map === undefined) {
      index.all.add(follower);
      return;
    }
    const followers = map.get(key) ?? new Set();
    followers.add(follower);
    map.set(key, followers);
  }

  remove(owner: string, topic: Topic, follower: T): void {
    const index = this.#owners.get(owner);
    if (index === undefined) return;
    const [map, key] = placeOf(index, topic);
    const followers = map === undefined ? index.all : map.get(key);
    followers?.delete(follower);
    if (map !== undefined && followers?.size === 0) map.delete(key);
    if (index.all.size + index.jobs.size + index.groups.size + index.kinds.size === 0)
      this.#owners.delete(owner);
  }

  /** Calls back for each follower of a subject; one that follows it by several topics is called as often. */
  forEach(owner: string, subject: Subject, call: (follower: T) => void): void {
    const index = this.#owners.get(owner);
    if (index === undefined) return;
    for (const follower of index.all) call(follower);
    for (const follower of index.jobs.get(subject.jobId) ?? []) call(follower);
    if (subject.group !== undefined)
      for (const follower of index.groups.get(subject.group) ?? []) call(follower);
    for (const follower of index.kinds.get(subject.kind) ?? []) call(follower);
  }
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
  }
}
