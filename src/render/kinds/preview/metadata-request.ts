import { Type } from 'typebox';
import { isObject } from '../../../protocol/is-object.js';
import type { Kind, Parsed } from '../../kind.js';
import { readGivenFile } from './inputs/given-file.js';

/** What a camera has written into an image, and what its header says: the artifact `metadata.json` (`ImageMetadata`). */
export const imageMetadataKind: Kind = {
  name: 'image_metadata',
  schema: Type.Object({
    input: Type.String({ description: 'The image: an http(s) address, a data URI, or base64; or an upload' }),
  }),
  parse(request): Parsed {
    if (!isObject(request)) return { ok: false, issues: [{ pointer: '', message: 'must be an object' }] };
    const given = readGivenFile(request.input, '/input');
    if (!given.ok) return { ok: false, issues: [given.issue] };
    const { input } = given.file;
    return { ok: true, plan: { request: { pointer: input.pointer }, inputs: [input] } };
  },
};
