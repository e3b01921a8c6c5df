import type { Carry } from './carry.js';
import { type Made, plainOf, type TreeRules } from './expansion.js';
import type { Language } from './language/expression.js';
import type { Faults } from './language/faults.js';
import type { Compiled, Scope } from './language/scope.js';
import { compileTemplate, textOf } from './language/template.js';
import { type Type, typeWords } from './language/types.js';

/** Texts of a design where they are values: what their expressions amount to, as what stands there must be. */

/** Where in the tree a value stands. */
export interface Place {
  readonly pointer: string;
  readonly scope: Scope;
  readonly depth: number;
  /** Name of the member that it is or stands in, and of the one around. */
  readonly key: string;
  readonly parent: string;
  /** Values in this list are texts. */
  readonly isText: boolean;
  /** Entries of this list are rows that carry amounts. */
  readonly carry?: Carry | undefined;
}

/** What all texts of a design stand on. */
export interface TextGround {
  readonly language: Language;
  readonly faults: Faults;
  readonly rules: TreeRules;
  /** Images that have to be fetched. */
  readonly addresses: { readonly url: string; readonly pointer: string }[];
}

/** A text of the tree. */
export function compileText(
  source: string,
  { pointer, scope, key, parent, isText }: Place,
  { language, faults, rules, addresses }: TextGround,
): Made {
  const isMarkup = rules.isMarkup(key);
  const template = compileTemplate(source, pointer, scope, language, { isMarkup });
  if (template === undefined) return { constant: null };
  if ('constant' in template) {
    if (rules.isImage(key) && /^https?:/i.test(source)) addresses.push({ url: source, pointer });
    return { constant: source };
  }
  if (rules.isImage(key))
    return compileImage('value' in template ? template.value : undefined, pointer, faults);
  if ('text' in template) return { fill: template.text };
  const { value } = template;
  const wrong = defectOf(value.type, isText || rules.isText(key, parent));
  if (wrong !== undefined) {
    faults.add(pointer, wrong, 3);
    return { constant: null };
  }
  const at = { pointer, column: 3 };
  if (isText) return { fill: (x) => x.print(textOf(x, value.run(x), at)) };
  if (!rules.isText(key, parent)) return { fill: (x) => plainOf(x, value.run(x), at) };
  // What has no value is left out; a cell and an item of a list must have a text.
  const isNeeded = key === 'text';
  return {
    fill: (x) => {
      const found = value.run(x);
      return found === null && !isNeeded ? undefined : x.print(textOf(x, found, at));
    },
  };
}

/** Why a value of the type cannot stand by itself, in words. */
function defectOf({ kind }: Type, isText: boolean): string | undefined {
  if (kind === 'image') return 'an image can be the source of add_image only';
  if (kind === 'record' || (isText && kind === 'list')) return `${typeWords(kind)} cannot stand here`;
  return undefined;
}

function compileImage(value: Compiled | undefined, pointer: string, faults: Faults): Made {
  const kind = value?.type.kind ?? 'text';
  if (value === undefined || (kind !== 'image' && kind !== 'null')) {
    faults.add(pointer, `must be an image: a parameter of the type image, not ${typeWords(kind)}`, 3);
    return { constant: null };
  }
  return { fill: (x) => value.run(x) ?? undefined };
}
