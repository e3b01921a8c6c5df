import { isObject } from '../../../protocol/is-object.js';
import { child } from './findings.js';
import { limits } from './limits.js';
import type { Scope } from './scope.js';
import { boolean, optional, readFields, required, text } from './shapes.js';

export interface ListItem {
  readonly text: string;
  readonly ordered?: boolean;
  readonly items?: readonly ListItem[];
}

const itemFields = { text: required(text({ max: limits.textChars })), ordered: optional(boolean()) };
const plainItem = text({ max: limits.textChars });

/** The items of a list, and of the lists in it; undefined after any finding. */
export function readItems(
  value: unknown,
  pointer: string,
  scope: Scope,
  depth: number,
): ListItem[] | undefined {
  const { findings } = scope;
  if (!Array.isArray(value) || value.length === 0)
    return findings.add(pointer, 'must be an array with at least one item');
  if (depth > limits.listDepth)
    return findings.add(pointer, `must not nest deeper than ${limits.listDepth} lists`);
  const items: ListItem[] = [];
  for (let i = 0; i < value.length && !findings.full; i++) {
    const entry: unknown = value[i];
    scope.listItems++;
    if (scope.listItems > limits.listItems)
      return findings.add(pointer, `brings the lists over ${limits.listItems} items`);
    if (!isObject(entry)) {
      const read = plainItem.read(entry, pointer, i, findings);
      if (read !== undefined) items.push({ text: read });
      continue;
    }
    const at = child(pointer, i);
    const stranger = Object.keys(entry).find((key) => key !== 'text' && key !== 'items' && key !== 'ordered');
    if (stranger !== undefined) findings.add(child(at, stranger), 'is not a known member');
    const members = readFields(itemFields, entry, at, findings);
    const nested =
      entry.items === undefined ? undefined : readItems(entry.items, child(at, 'items'), scope, depth + 1);
    if (members !== undefined) items.push({ ...members, ...(nested === undefined ? {} : { items: nested }) });
  }
  return items;
}
