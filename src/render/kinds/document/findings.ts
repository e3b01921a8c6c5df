import { pointerPart } from '../../../protocol/json-pointer.js';
import type { Issue } from '../../kind.js';
import { limits } from './limits.js';

/** The issues of one request, at most `limits.issues` of them. */
export class Findings {
  readonly issues: Issue[] = [];

  add(pointer: string, message: string): undefined {
    if (this.issues.length < limits.issues) this.issues.push({ pointer, message });
    return undefined;
  }

  get full(): boolean {
    return this.issues.length >= limits.issues;
  }
}

/** A JSON pointer one level down (RFC 6901). */
export function child(pointer: string, key: string | number): string {
  return `${pointer}/${typeof key === 'number' ? key : pointerPart(key)}`;
}
