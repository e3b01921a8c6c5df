import { type PDFDict, PDFName } from '@cantoo/pdf-lib';
import type { FillPackage } from '../package/package.js';
import { type Field, type Form, textOf } from './form.js';
import { dictOf, itemsOf, numberOf, type Source } from './source.js';

const name = (text: string) => PDFName.of(text);

/**
 * What filling does to the signatures of a source. They hold where the signed bytes stay and nothing changes but values of
 * fields that no signature forbids (ISO 32000-1, 12.8.2 and 12.8.4).
 */
export function signaturesOf(
  source: Source,
  form: Form,
  { flatten, overlays }: Pick<FillPackage, 'flatten' | 'overlays'>,
  filled: Iterable<Field>,
): 'none' | 'kept' | 'voided' {
  const signed = form.fields.flatMap((field) => {
    const value = field.kind === 'signature' ? dictOf(source, field.entry('V')) : undefined;
    return value === undefined ? [] : [{ field, value }];
  });
  if (signed.length === 0) return 'none';
  if (flatten === true || overlays.length > 0) return 'voided';
  const locks = signed.flatMap(({ field, value }) => [
    ...rulesOf(source, value),
    ...[dictOf(source, field.dict.get(name('Lock')))].filter((lock) => lock !== undefined),
  ]);
  // P of 1: nothing may change at all.
  if (locks.some((lock) => numberOf(source, lock.get(name('P'))) === 1)) return 'voided';
  for (const field of filled) if (locks.some((lock) => isLocked(source, lock, field.name))) return 'voided';
  return 'kept';
}

/** Parameters of what a signature demands: `DocMDP` and `FieldMDP`. */
function rulesOf(source: Source, signature: PDFDict): readonly PDFDict[] {
  return itemsOf(source, signature.get(name('Reference'))).flatMap((item) => {
    const rule = dictOf(source, item);
    return dictOf(source, rule?.get(name('TransformParams'))) ?? [];
  });
}

function isLocked(source: Source, lock: PDFDict, field: string): boolean {
  const named = itemsOf(source, lock.get(name('Fields'))).map((item) => textOf(source, item) ?? '');
  // A name stands for all below it.
  const isNamed = named.some((each) => field === each || field.startsWith(`${each}.`));
  switch (String(lock.get(name('Action')))) {
    case '/All':
      return true;
    case '/Include':
      return isNamed;
    case '/Exclude':
      return !isNamed;
    default:
      return false;
  }
}
