import { groupShape, jobIdShape, kindShape, tagDefect } from './names.js';

/** What a subscription follows (P-15). */
export type Topic =
  | { readonly type: 'jobs' }
  | { readonly type: 'job'; readonly id: string }
  | { readonly type: 'group'; readonly name: string }
  | { readonly type: 'kind'; readonly kind: string }
  | { readonly type: 'tag'; readonly tag: string };

/** The forms of a topic, for messages. */
export const topicForms = 'jobs, job:<id>, group:<name>, kind:<kind> or tag:<tag>';

/** The topic in a text, or undefined for anything that is none. */
export function parseTopic(text: string): Topic | undefined {
  if (text === 'jobs') return { type: 'jobs' };
  const colon = text.indexOf(':');
  const rest = text.slice(colon + 1);
  switch (colon === -1 ? '' : text.slice(0, colon)) {
    case 'job':
      return jobIdShape.test(rest) ? { type: 'job', id: rest } : undefined;
    case 'group':
      return groupShape.test(rest) ? { type: 'group', name: rest } : undefined;
    case 'kind':
      return kindShape.test(rest) ? { type: 'kind', kind: rest } : undefined;
    case 'tag':
      return tagDefect(rest) === undefined ? { type: 'tag', tag: rest } : undefined;
    default:
      return undefined;
  }
}

export function formatTopic(topic: Topic): string {
  switch (topic.type) {
    case 'jobs':
      return 'jobs';
    case 'job':
      return `job:${topic.id}`;
    case 'group':
      return `group:${topic.name}`;
    case 'kind':
      return `kind:${topic.kind}`;
    case 'tag':
      return `tag:${topic.tag}`;
  }
}

/** What a fact or a progress value is about. */
export interface Subject {
  /** Empty for a group's fact. */
  readonly jobId: string;
  readonly kind: string;
  readonly group?: string;
  readonly tags?: readonly string[];
}

/** All topics, as texts, that it belongs to. */
export function topicsOf({ jobId, kind, group, tags = [] }: Subject): readonly string[] {
  const topics = ['jobs'];
  if (jobId !== '') topics.push(`job:${jobId}`, `kind:${kind}`);
  if (group !== undefined) topics.push(`group:${group}`);
  for (const tag of tags) topics.push(`tag:${tag}`);
  return topics;
}

export function matchesTopic(topic: Topic, subject: Subject): boolean {
  switch (topic.type) {
    case 'jobs':
      return true;
    case 'job':
      return subject.jobId === topic.id;
    case 'group':
      return subject.group === topic.name;
    case 'kind':
      return subject.kind === topic.kind;
    case 'tag':
      return subject.tags?.includes(topic.tag) === true;
  }
}
