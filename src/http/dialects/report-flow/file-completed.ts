import type { Reader } from '../../../work/service.js';
import { filesOf, passthroughOf, requestIdOf, shareOf } from './files.js';

export interface CompletedGroup {
  readonly owner: string;
  readonly group: string;
  /** When the last of its jobs ended. Milliseconds since 1970. */
  readonly at: number;
}

/**
 * What a webhook of this API says of a group all of whose jobs have ended, as JSON text; undefined for a group of another
 * API, and for one that is gone. Failed files are in it, too: the download says why they failed.
 */
export async function fileCompleted(
  reader: Pick<Reader, 'list' | 'input'>,
  { owner, group, at }: CompletedGroup,
): Promise<string | undefined> {
  const requestId = requestIdOf(group);
  const files = requestId === undefined ? [] : await filesOf(reader, owner, requestId);
  const [first] = files;
  if (requestId === undefined || first === undefined) return undefined;
  const told = [];
  for (const file of files) {
    const passthrough = await passthroughOf(reader, owner, file);
    const { fileId, fileName, origin } = file;
    told.push({
      fileId,
      fileName,
      ...(passthrough === undefined ? {} : { passthrough }),
      share: shareOf(origin, requestId, file),
    });
  }
  return JSON.stringify({
    event: 'file.completed',
    timestamp: new Date(at).toISOString(),
    workspaceId: owner,
    requestId,
    designId: first.designId,
    version: first.version,
    files: told,
  });
}
