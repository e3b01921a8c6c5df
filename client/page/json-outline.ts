/** A JSON value as text for people, of bounded length whatever the value's size. */
export interface Outline {
  readonly text: string;
  /** Something was left out; the text says where. */
  readonly shortened: boolean;
}

const bounds = { characters: 40_000, text: 300, items: 60, depth: 12 } as const;

/** Never writes down more than it shows, so that a value of many megabytes costs no more than a small one. */
export function outlineOf(value: unknown): Outline {
  const lines: string[] = [];
  let length = 0;
  let shortened = false;

  const write = (line: string): void => {
    lines.push(line);
    length += line.length + 1;
  };
  const scalar = (one: unknown): string => {
    if (typeof one !== 'string') return JSON.stringify(one) ?? 'null';
    if (one.length <= bounds.text) return JSON.stringify(one);
    shortened = true;
    return `${JSON.stringify(one.slice(0, bounds.text))} … ${one.length.toLocaleString('en-GB')} characters`;
  };
  const visit = (one: unknown, indent: string, prefix: string, suffix: string, depth: number): void => {
    if (typeof one !== 'object' || one === null) {
      write(`${indent}${prefix}${scalar(one)}${suffix}`);
      return;
    }
    const list = Array.isArray(one);
    const [open, close] = list ? ['[', ']'] : ['{', '}'];
    const entries: readonly (readonly [string, unknown])[] = list
      ? one.slice(0, bounds.items).map((item: unknown) => ['', item])
      : Object.entries(one);
    const size = list ? one.length : entries.length;
    if (size === 0) {
      write(`${indent}${prefix}${open}${close}${suffix}`);
      return;
    }
    if (list && size <= bounds.items && one.every((item) => typeof item !== 'object' || item === null)) {
      const line = `[${one.map(scalar).join(', ')}]`;
      if (line.length <= 90) {
        write(`${indent}${prefix}${line}${suffix}`);
        return;
      }
    }
    write(`${indent}${prefix}${open}`);
    let shown = 0;
    for (const [name, item] of entries) {
      if (shown >= bounds.items || length > bounds.characters || depth >= bounds.depth) break;
      shown++;
      visit(item, `${indent}  `, list ? '' : `${JSON.stringify(name)}: `, shown < size ? ',' : '', depth + 1);
    }
    if (shown < size) {
      shortened = true;
      write(`${indent}  … ${(size - shown).toLocaleString('en-GB')} more`);
    }
    write(`${indent}${close}${suffix}`);
  };

  visit(value, '', '', '', 0);
  return { text: lines.join('\n'), shortened };
}
