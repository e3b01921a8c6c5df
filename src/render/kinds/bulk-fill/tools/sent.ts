import { readFileSync } from 'node:fs';
import { type Static, Type } from 'typebox';
import { isObject } from '../../../../protocol/is-object.js';
import { RenderFailure, type RunContext } from '../../../kind.js';
import { repairPdf } from '../../pdf-tools/repair.js';
import { type OpenedPackage, readPackage } from '../package/package-file.js';
import { openSource, type Source, type SourceRefusal } from '../template/source.js';
import { type SourceLimits, sourceCeiling } from '../template/source-limits.js';

/** What a caller sent: a body of JSON with files in base64, or the parts of a form. Numbers are indexes of inputs. */
export const sentSchema = Type.Union([
  Type.Object({ body: Type.Integer({ minimum: 0 }) }),
  Type.Object({
    parts: Type.Array(Type.Object({ name: Type.String(), input: Type.Integer({ minimum: 0 }) })),
  }),
]);

type Given = Pick<RunContext, 'inputPath' | 'heavy'>;

/** The members of what was sent, in whichever form. */
export class Sent {
  readonly #context: Given;
  readonly #body: Readonly<Record<string, unknown>>;
  readonly #parts: ReadonlyMap<string, number>;

  constructor(sent: Static<typeof sentSchema>, context: Given) {
    this.#context = context;
    this.#body = 'body' in sent ? jsonObjectOf(readFileSync(context.inputPath(sent.body)), '') : {};
    this.#parts = new Map('parts' in sent ? sent.parts.map(({ name, input }) => [name, input]) : []);
    if ('parts' in sent && this.#parts.size < sent.parts.length)
      throw new RenderFailure('A part of the form comes twice', '');
  }

  /** Names of members that begin so. */
  names(beginning: string): readonly string[] {
    const images = this.#body[beginning];
    const inBody = isObject(images) ? Object.keys(images).map((name) => `${beginning}/${name}`) : [];
    return [...inBody, ...[...this.#parts.keys()].filter((name) => name.startsWith(`${beginning}/`))];
  }

  /** A member that is a file. @throws RenderFailure where there is none */
  file(name: string): Buffer {
    const part = this.#parts.get(name);
    if (part !== undefined) return readFileSync(this.#context.inputPath(part));
    const [first = '', ...rest] = name.split('/');
    const member = this.#body[first];
    const value = rest.length > 0 && isObject(member) ? member[rest.join('/')] : member;
    if (value === undefined) throw new RenderFailure(`"${name}" is not there`, `/${name}`);
    if (typeof value !== 'string' || !/^[A-Za-z0-9+/]*={0,2}$/.test(value) || value.length % 4 !== 0)
      throw new RenderFailure(`"${name}" must be base64`, `/${name}`);
    return Buffer.from(value, 'base64');
  }

  /** A member that is JSON; undefined where there is none. */
  value(name: string): unknown {
    const part = this.#parts.get(name);
    return part === undefined ? this.#body[name] : jsonOf(readFileSync(this.#context.inputPath(part)), name);
  }

  /** The members of a body, or of the part of this name. */
  object(name: string): Readonly<Record<string, unknown>> {
    const part = this.#parts.get(name);
    if (part !== undefined) return jsonObjectOf(readFileSync(this.#context.inputPath(part)), name);
    return this.#body;
  }

  /** The PDF that is to be filled. @throws RenderFailure where it cannot be */
  async source(): Promise<Source> {
    const source = await openForm(this.file('pdf'), this.#context, sourceCeiling);
    if (!('refused' in source)) return source;
    throw new RenderFailure(`${source.message} (${source.refused})`, '/pdf');
  }

  /** @throws RenderFailure */
  package(): OpenedPackage {
    const read = readPackage(this.file('package'));
    if ('defect' in read) throw new RenderFailure(`The package ${read.defect}`, '/package');
    return read;
  }
}

/** Opens a PDF for filling; a broken one is written anew first. */
export function openForm(
  bytes: Uint8Array,
  context: Pick<RunContext, 'heavy'>,
  limits: SourceLimits,
): Promise<Source | SourceRefusal> {
  return openSource(bytes, (broken) => repairPdf(broken, () => context.heavy()), limits);
}

function jsonOf(bytes: Uint8Array, name: string): unknown {
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new RenderFailure(
      `${name === '' ? 'The body' : `"${name}"`} is not JSON in UTF-8`,
      pointerOf(name),
    );
  }
}

function jsonObjectOf(bytes: Uint8Array, name: string): Readonly<Record<string, unknown>> {
  const value = jsonOf(bytes, name);
  if (isObject(value)) return value;
  throw new RenderFailure(`${name === '' ? 'The body' : `"${name}"`} must be a JSON object`, pointerOf(name));
}

function pointerOf(name: string): string {
  return name === '' ? '' : `/${name}`;
}
