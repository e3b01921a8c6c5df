import { mkdtempSync, rmSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import type { RunContext } from '../../src/render/kind.js';
import type { PictureCall, PictureOutcome } from '../../src/render/picture-call.js';
import { decodePicture } from '../../src/render/picture-decoding.js';
import { workOnImage } from '../../src/render/picture-drawing.js';

let folder: string | undefined;
let serial = 0;

/** Decodes as the processes of a server do, in this one. */
async function picture({ source, maxPixels, image }: PictureCall): Promise<PictureOutcome> {
  if (folder === undefined) {
    const made = mkdtempSync(join(tmpdir(), 'inkwire-pictures-'));
    process.once('exit', () => rmSync(made, { recursive: true, force: true }));
    folder = made;
  }
  const path = join(folder, String(serial++));
  if ('bytes' in source) await writeFile(path, source.bytes);
  const paths = {
    path: 'bytes' in source ? path : source.path,
    color: `${path}.color`,
    alpha: `${path}.alpha`,
  };
  const decoding = { ...paths, maxPixels };
  const worked: Promise<PictureOutcome> =
    image === undefined
      ? decodePicture(decoding).then((decoded) => ({ type: 'decoded', picture: decoded }))
      : workOnImage(decoding, image);
  const outcome: Promise<PictureOutcome> = worked.catch((error: Error) => ({
    type: 'broken',
    reason: error.message.split('\n')[0] ?? '',
  }));
  // It stays blocked for a process that decodes, and this one is a test, too.
  return outcome.finally(() => sharp.unblock({ operation: ['VipsForeignLoad'] }));
}

/** The members of a context that a kind of one task, without earlier attempts and programs, does not use. */
export const bareContext: Pick<
  RunContext,
  'parts' | 'partPath' | 'part' | 'program' | 'picture' | 'heavy' | 'scratch'
> = {
  parts: [],
  scratch: () => {
    throw new Error('No file of its own was expected');
  },
  partPath: (name) => {
    throw new Error(`There is no part ${name}`);
  },
  part: (name) => {
    throw new Error(`The part ${name} was not expected`);
  },
  program: () => {
    throw new Error('No program is run');
  },
  picture,
  heavy: () => undefined,
};

/** A context of a task without files, which tells nothing and keeps nothing. */
export const emptyContext: RunContext = {
  ...bareContext,
  inputPath: () => '',
  fetched: () => ({ path: '', contentType: '' }),
  progress: () => undefined,
  warn: () => undefined,
  artifact: () => ({ write: () => undefined, end: () => undefined }),
};
