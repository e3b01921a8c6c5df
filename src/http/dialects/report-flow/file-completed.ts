import type { Fact } from '../../../engine/engine.js';
import { isObject } from '../../../protocol/is-object.js';
import { payloadMaxLength, type WebhookProfile } from '../../../webhooks/profile.js';
import { standard } from '../../../webhooks/standard.js';
import type { Reader } from '../../../work/service.js';
import { filesOf, passthroughOf, type RequestFile, requestIdOf, shareOf } from './files.js';

const event = 'file.completed';

type FileReader = Pick<Reader, 'list' | 'input'>;

/** Webhooks of this API: signed and sent as the server's own, once for each request. */
export function fileCompletedProfile(reader: FileReader): WebhookProfile {
  return {
    ...standard,
    name: 'report-flow',
    events: ['group.completed', 'webhook.test'],
    defaultEvents: ['group.completed', 'webhook.test'],
    async payload({ owner, fact }) {
      const body = await fileCompleted(reader, owner, fact);
      return body === undefined ? undefined : { type: event, body };
    },
  };
}

/**
 * What is said of a group all of whose jobs have ended, as JSON text; undefined for a group of another API, for one that is
 * gone, and for one of which not all jobs were there yet. Failed files are in it, too: the download says why they failed.
 */
export async function fileCompleted(
  reader: FileReader,
  owner: string,
  { group, at, record }: Pick<Fact, 'group' | 'at' | 'record'>,
): Promise<string | undefined> {
  const requestId = requestIdOf(group);
  if (requestId === undefined) return undefined;
  const files = await filesOf(reader, owner, requestId);
  const [first] = files;
  // The first job of a request may have ended before the last one was there: the group then ends twice.
  if (first === undefined || jobsOf(record) < first.count) return undefined;
  const passthroughs = new Map<RequestFile, object | undefined>();
  for (const file of files) passthroughs.set(file, await passthroughOf(reader, owner, file));
  const textWith = (isWhole: boolean): string =>
    JSON.stringify({
      event,
      timestamp: new Date(at).toISOString(),
      workspaceId: owner,
      requestId,
      designId: first.designId,
      version: first.version,
      files: files.map((file) => {
        const { fileId, fileName, origin } = file;
        const passthrough = isWhole ? passthroughs.get(file) : undefined;
        const given = passthrough === undefined ? {} : { passthrough };
        return { fileId, fileName, ...given, share: shareOf(origin, requestId, file) };
      }),
    });
  const whole = textWith(true);
  // What was given along stays readable at the request.
  return whole.length <= payloadMaxLength ? whole : textWith(false);
}

/** The record of a group. */
function jobsOf(record: string): number {
  const group: unknown = JSON.parse(record);
  return isObject(group) && typeof group.jobs === 'number' ? group.jobs : 0;
}
