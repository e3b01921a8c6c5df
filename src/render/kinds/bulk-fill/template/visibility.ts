import { type PDFDict, PDFName } from '@cantoo/pdf-lib';
import type { ObjectWriter } from './serial.js';
import { dictOf, itemsOf, type Source } from './source.js';

const name = (text: string) => PDFName.of(text);

/** Annotation flags (ISO 32000-1, table 165). */
const flags = { hidden: 1 << 1, print: 1 << 2, noView: 1 << 5 } as const;

/** Where an annotation is seen. */
export type Visibility = 'everywhere' | 'screen' | 'paper' | 'nowhere';

/** @param given its flags, `F` */
export function visibilityOf(given: number): Visibility {
  const isOn = (flag: number) => (given & flag) !== 0;
  if (isOn(flags.hidden)) return 'nowhere';
  if (isOn(flags.noView)) return isOn(flags.print) ? 'paper' : 'nowhere';
  return isOn(flags.print) ? 'everywhere' : 'screen';
}

/**
 * Optional content for what is seen on a screen or on paper alone: what was such an annotation is such a part of its page
 * (ISO 32000-1, 8.11.4.4).
 */
export class VisibilityGroups {
  readonly #numbers = new Map<'screen' | 'paper', number>();

  constructor(private readonly writer: ObjectWriter) {}

  /** Operators around what only some see. */
  around(where: 'screen' | 'paper'): readonly [begin: string, end: string] {
    if (!this.#numbers.has(where)) this.#numbers.set(where, this.writer.number());
    return [`/OC /Ink${where} BDC\n`, 'EMC\n'];
  }

  /** Entries of `Properties` in the resources of a page. */
  get properties(): string {
    return [...this.#numbers].map(([where, number]) => `/Ink${where} ${number} 0 R`).join('');
  }

  /** Writes the groups; answers the `OCProperties` of the catalog, where there are any. */
  write(source: Source): string | undefined {
    if (this.#numbers.size === 0) return undefined;
    const { writer } = this;
    for (const [where, number] of this.#numbers) {
      const [view, print] = where === 'screen' ? ['ON', 'OFF'] : ['OFF', 'ON'];
      const usage = `/Usage<</View<</ViewState/${view}>>/Print<</PrintState/${print}>>>>`;
      writer.add(number, `<</Type/OCG/Name(Fields on ${where} only)${usage}>>`);
    }
    const given = dictOf(source, source.document.catalog.get(name('OCProperties')));
    const settings = dictOf(source, given?.get(name('D')));
    const refs = (where?: 'screen' | 'paper') =>
      [...this.#numbers].flatMap(([each, number]) =>
        where === undefined || where === each ? `${number} 0 R` : [],
      );
    const list = (dict: PDFDict | undefined, key: string, more: readonly string[]) =>
      `/${key}[${[...itemsOf(source, dict?.get(name(key))).map((item) => writer.text(item)), ...more].join(' ')}]`;
    const events = ['View', 'Print'].map(
      (event) => `<</Event/${event}/Category[/${event}]/OCGs[${refs().join(' ')}]>>`,
    );
    const rest = settings === undefined ? '' : writer.entries(settings, new Set(['/ON', '/OFF', '/AS']));
    const shown = `${list(settings, 'ON', refs('screen'))}${list(settings, 'OFF', refs('paper'))}`;
    const others = given === undefined ? '' : writer.entries(given, new Set(['/OCGs', '/D']));
    return `<<${others}${list(given, 'OCGs', refs())}/D<<${rest}${shown}${list(settings, 'AS', events)}>>>>`;
  }
}
