import { Type } from 'typebox';
import { UploadedFile } from '../../../dist/src/render/kind.js';

const whole = Type.Integer({ minimum: 0 });
const file = Type.String({ description: 'A file' });

/** A kind that uses everything that a kind may: its back is `run.mjs`. Its files come as uploads. */
export const wholeKind = {
  name: 'whole',
  attempts: 'chunked',
  programs: { sort: { file: 'sort' }, sleep: { file: 'sleep' } },
  schema: Type.Object({
    head: file,
    sources: Type.Array(file),
    units: whole,
    per_chunk: Type.Optional(whole),
    part_bytes: Type.Optional(whole),
    /** Units that end their thread each time. */
    poison: Type.Optional(Type.Array(whole)),
    /** Seconds for which a program of the first unit sleeps. */
    sleeps: Type.Optional(Type.String()),
    /** Of the test, which holds chunks up by files in it, and finds there which units were run. */
    folder: Type.String(),
  }),
  parse(request) {
    const { head, sources, units, folder, per_chunk: perChunk = 1 } = request;
    const files = [head, ...(Array.isArray(sources) ? sources : [])];
    const issues = files.flatMap((given, index) => {
      const pointer = index === 0 ? '/head' : `/sources/${index - 1}`;
      return given instanceof UploadedFile ? [] : [{ pointer, message: 'must be a file' }];
    });
    if (!Number.isInteger(units)) issues.push({ pointer: '/units', message: 'must be a whole number' });
    if (issues.length > 0) return { ok: false, issues };
    const { part_bytes: partBytes = 0, poison = [], sleeps } = request;
    const plan = { files: files.length, units, perChunk, partBytes, poison, sleeps, folder };
    const inputs = files.map((given, index) => ({
      file: given,
      pointer: index === 0 ? '/head' : `/sources/${index - 1}`,
    }));
    return { ok: true, plan: { request: plan, inputs } };
  },
};
