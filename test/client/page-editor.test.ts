import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { placeAt, pointerOf } from '../../client/page/json-caret.js';
import { completionAt, type Language } from '../../client/page/json-completion.js';
import { areaAt, Preview, type PreviewAnswer, type PreviewArea, stacked } from '../../client/page/preview.js';
import { snippetLanguages, snippetOf } from '../../client/page/snippets.js';

/** A text whose `|` is the caret. */
function cut(marked: string): { text: string; offset: number } {
  const offset = marked.indexOf('|');
  return { text: marked.slice(0, offset) + marked.slice(offset + 1), offset };
}

describe('what stands at a place of a text', () => {
  const place = (marked: string) => {
    const { text, offset } = cut(marked);
    return placeAt(text, offset);
  };

  test.each([
    ['{ "ti|" }', 'name', '', 'ti'],
    ['{ "title": "Hel|lo" }', 'value', 'title', 'Hel'],
    ['{ "title": | }', 'value', 'title', ''],
    ['{ | }', 'name', '', ''],
    ['{ "a": 1, | }', 'name', '', ''],
    ['{ "a": tr|ue }', 'value', 'a', 'tr'],
    ['{ "a": [1, 2, |] }', 'value', '2', ''],
    ['{ "a": [1, { "b": "|', 'value', 'b', ''],
    ['{ "a": 1 | }', 'nothing', 'a', ''],
    ['{ "a" | }', 'nothing', 'a', ''],
    ['{ ti| }', 'name', '', 'ti'],
    ['{ "a": 1\n  "b|" }', 'name', 'a', 'b'],
    ['|', 'nothing', '', ''],
  ])('%s: a %s of "%s", "%s" of it is written', (marked, at, key, typed) => {
    expect(place(marked)).toMatchObject({ at, typed, ...(at === 'name' ? {} : { key }) });
  });

  test('the token is known from its first quote to its last one, or to the end of its line', () => {
    const whole = place('{ "ti|tle": 1 }');
    expect([whole.from, whole.to]).toEqual([2, 9]);
    const open = place('{ "ti|tle\n "b": 1 }');
    expect([open.from, open.to]).toEqual([2, 8]);
  });

  test('members are those before and behind it, with the texts among their values', () => {
    const { path } = place(
      '{ "kind": "merge", "operations": [{ "size": 3, "te|": "x", "type": "add_text" }], "z": 1 }',
    );
    expect(path.map(({ type, key }) => [type, key])).toEqual([
      ['object', ''],
      ['list', 'operations'],
      ['object', '0'],
    ]);
    expect(Object.fromEntries(path[0]?.members ?? [])).toMatchObject({ kind: 'merge', z: undefined });
    expect(Object.fromEntries(path[2]?.members ?? [])).toMatchObject({ size: undefined, type: 'add_text' });
  });

  test('its pointer leads to the value, or to what is around it', () => {
    const pointer = (marked: string) => pointerOf(place(marked));
    expect(pointer('{ "operations": [{}, { "te|xt": "x" }] }')).toBe('/operations/1');
    expect(pointer('{ "operations": [{}, { "text": "x|" }] }')).toBe('/operations/1/text');
    expect(pointer('{ "a/b": "x|" }')).toBe('/a~1b');
    expect(pointer('{| }')).toBe('');
  });

  test('whatever is written, there is an answer', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      '"',
      ':',
      ',',
      ' ',
      '\n',
      '\\',
      'a',
      '1',
      '"b"',
      'true',
    );
    fc.assert(
      fc.property(fc.array(pieces, { maxLength: 40 }), fc.nat(60), (parts, offset) => {
        const text = parts.join('');
        const { from, to } = placeAt(text, Math.min(offset, text.length));
        expect(from).toBeLessThanOrEqual(to);
        expect(to).toBeLessThanOrEqual(text.length);
      }),
    );
  });

  test('of a value of JSON it is the value', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.string(), { minKeys: 1 }), (members) => {
        const [name = '', value = ''] = Object.entries(members)[0] ?? [];
        const text = JSON.stringify(members);
        const offset = 1 + JSON.stringify(name).length + 2;
        expect(placeAt(text, offset)).toMatchObject({ at: 'value', key: name });
        expect(Object.fromEntries(placeAt(text, offset).path[0]?.members ?? [])).toEqual({
          ...members,
          [name]: value,
        });
      }),
    );
  });
});

describe('what could be written there', () => {
  const operation = (type: string, properties: object, required: readonly string[] = []) => ({
    type: 'object',
    properties: { type: { const: type, type: 'string' }, ...properties },
    required: ['type', ...required],
  });
  const align = { anyOf: ['left', 'center', 'right'].map((one) => ({ const: one, type: 'string' })) };
  const language: Language = {
    components: {
      schemas: {
        Text: operation('add_text', { text: { type: 'string' }, align, bold: { type: 'boolean' } }, ['text']),
        Columns: operation('add_columns', {
          columns: {
            type: 'array',
            items: { type: 'object', properties: { operations: { $ref: '#/schemas/List' } } },
          },
        }),
        List: {
          type: 'array',
          items: { anyOf: [{ $ref: '#/schemas/Text' }, { $ref: '#/schemas/Columns' }] },
        },
      },
    },
    root: () => [
      {
        properties: {
          title: { type: 'string', description: 'Of the document' },
          operations: { $ref: '#/schemas/List' },
        },
      },
      { properties: { priority: { type: 'integer' }, kind: { type: 'string' } } },
    ],
  };
  const complete = (marked: string) => {
    const { text, offset } = cut(marked);
    return completionAt(placeAt(text, offset), language)?.items ?? [];
  };
  const labels = (marked: string) => complete(marked).map(({ label }) => label);

  test('members that are not there yet, of all that the value may be', () => {
    expect(labels('{ | }')).toEqual(['title', 'operations', 'priority', 'kind']);
    expect(labels('{ "title": "x", "|" }')).toEqual(['operations', 'priority', 'kind']);
  });

  test('those that begin with what is typed come first', () => {
    expect(labels('{ "ti|" }')).toEqual(['title', 'operations']);
    expect(labels('{ "KI|" }')).toEqual(['kind']);
    expect(labels('{ "zz|" }')).toEqual([]);
  });

  test('first of all which of several it is, then what that one has', () => {
    expect(labels('{ "operations": [{ "|" }] }')).toEqual(['type']);
    expect(labels('{ "operations": [{ "type": "|" }] }')).toEqual(['add_text', 'add_columns']);
    expect(labels('{ "operations": [{ "|", "type": "add_text" }] }')).toEqual(['text', 'align', 'bold']);
  });

  test('through references, also those that are circles', () => {
    const inner =
      '{ "operations": [{ "type": "add_columns", "columns": [{ "operations": [{ "type": "add_text", "|" }] }] }] }';
    expect(labels(inner)).toEqual(['text', 'align', 'bold']);
  });

  test('values of a choice, and true and false', () => {
    expect(labels('{ "operations": [{ "type": "add_text", "align": "|" }] }')).toEqual([
      'left',
      'center',
      'right',
    ]);
    expect(labels('{ "operations": [{ "type": "add_text", "align": "c|" }] }')).toEqual(['center']);
    expect(labels('{ "operations": [{ "type": "add_text", "bold": | }] }')).toEqual(['true', 'false']);
    expect(labels('{ "title": "|" }')).toEqual([]);
  });

  test('elements with what they need, and the caret where it is to be written', () => {
    const [first] = complete('{ "operations": [|] }');
    expect(first?.text).toBe('{ "type": "add_text", "text": "" }');
    expect(first?.text.slice(0, first.caret)).toBe('{ "type": "add_text", "text": "');
  });

  test('a name comes with the beginning of its value', () => {
    const of = (label: string) =>
      complete('{ "operations": [{ "|", "type": "add_text" }] }').find((one) => one.label === label);
    expect(of('text')).toMatchObject({
      text: '"text": ""',
      caret: 9,
      about: 'required, text',
      goesOn: false,
    });
    expect(of('align')).toMatchObject({ text: '"align": ""', caret: 10, goesOn: true });
    expect(of('bold')).toMatchObject({ text: '"bold": ', goesOn: true });
  });

  test('what is written whole is not offered', () => {
    expect(labels('{ "operations": [{ "type": "add_columns|" }] }')).toEqual([]);
  });
});

describe('the preview', () => {
  beforeEach(() => vi.useFakeTimers());
  afterEach(() => vi.useRealTimers());

  interface Asked {
    readonly draft: unknown;
    readonly page: number;
    readonly signal: AbortSignal;
    readonly answer: (answer: PreviewAnswer) => Promise<void>;
    readonly refuse: (error: unknown) => Promise<void>;
  }

  function start() {
    const asked: Asked[] = [];
    let now = 0;
    const settled = () => vi.advanceTimersByTimeAsync(0);
    const preview = new Preview({
      ask: (draft, page, signal) =>
        new Promise((resolve, reject) => {
          const answer = async (value: PreviewAnswer) => {
            resolve(value);
            await settled();
          };
          const refuse = async (error: unknown) => {
            reject(error);
            await settled();
          };
          asked.push({ draft, page, signal, answer, refuse });
        }),
      clock: () => now,
    });
    const pass = async (ms: number) => {
      now += ms;
      await vi.advanceTimersByTimeAsync(ms);
    };
    return { preview, asked, pass };
  }

  const picture = (image: string, page = 1): PreviewAnswer => ({
    image,
    page,
    pages: 3,
    width: 210,
    height: 297,
    areas: [],
  });

  test('is asked for after a pause, with the last text of it', async () => {
    const { preview, asked, pass } = start();
    for (const draft of ['a', 'b', 'c']) {
      preview.change(draft);
      await pass(100);
    }
    expect(asked).toHaveLength(0);
    await pass(300);
    expect(asked.map(({ draft }) => draft)).toEqual(['c']);
    expect(preview.busy.value).toBe(true);
    await asked[0]?.answer(picture('c'));
    expect(preview.shown.value?.image).toBe('c');
    expect(preview.busy.value).toBe(false);
    expect(preview.verdict.value?.type).toBe('good');
  });

  test('an older one is stopped, and never shown after a newer one', async () => {
    const { preview, asked, pass } = start();
    preview.change('old');
    await pass(300);
    preview.change('new');
    await pass(300);
    expect(asked[0]?.signal.aborted).toBe(true);
    expect(asked[1]?.signal.aborted).toBe(false);
    await asked[1]?.answer(picture('new'));
    await asked[0]?.answer(picture('old'));
    expect(preview.shown.value?.image).toBe('new');
    expect(preview.verdict.value).toMatchObject({ type: 'good', draft: 'new' });
  });

  test('one that is done before the next is sent is shown, but says nothing of the new text', async () => {
    const { preview, asked, pass } = start();
    preview.change('old');
    await pass(300);
    preview.change('newer');
    await asked[0]?.answer(picture('old'));
    expect(preview.shown.value?.image).toBe('old');
    expect(preview.verdict.value).toBeUndefined();
    expect(preview.stale.value).toBe(true);
  });

  test('the last good picture stays when a text is refused, or is none', async () => {
    const { preview, asked, pass } = start();
    preview.change('good');
    await pass(300);
    await asked[0]?.answer(picture('good'));
    preview.change('bad');
    await pass(300);
    await asked[1]?.refuse(new Error('no'));
    expect(preview.shown.value?.image).toBe('good');
    expect(preview.stale.value).toBe(true);
    expect(preview.verdict.value).toMatchObject({ type: 'refused', draft: 'bad' });
    preview.spoil();
    await pass(5_000);
    expect(asked).toHaveLength(2);
    expect(preview.shown.value?.image).toBe('good');
  });

  test('another page is another question about the same text', async () => {
    const { preview, asked, pass } = start();
    preview.change('text');
    await pass(300);
    await asked[0]?.answer(picture('one'));
    preview.turn(2);
    await pass(0);
    expect(asked[1]).toMatchObject({ draft: 'text', page: 2 });
    // There are fewer pages by now.
    await asked[1]?.answer(picture('last', 1));
    expect(preview.page).toBe(1);
  });

  test('a server that takes long is asked less often', async () => {
    const { preview, asked, pass } = start();
    preview.change('a');
    await pass(300);
    await pass(2_000);
    await asked[0]?.answer(picture('a'));
    preview.change('b');
    await pass(900);
    expect(asked).toHaveLength(1);
    await pass(200);
    expect(asked).toHaveLength(2);
  });

  test('a closed one asks nothing, and what it has asked is stopped', async () => {
    const { preview, asked, pass } = start();
    preview.change('a');
    await pass(300);
    preview.close();
    expect(asked[0]?.signal.aborted).toBe(true);
    preview.now();
    await pass(5_000);
    expect(asked).toHaveLength(1);
  });
});

describe('areas of a page', () => {
  const area = (pointer: string, size: number): PreviewArea => ({
    x: 0,
    y: 0,
    width: size,
    height: size,
    pointer,
  });
  const areas = [
    area('/operations/1', 90),
    area('/operations/1/columns/0/operations/2', 20),
    area('/operations/10', 50),
  ];

  test('a place in the text belongs to the nearest one around it', () => {
    expect(areaAt(areas, '/operations/1/columns/0/operations/2/text')?.width).toBe(20);
    expect(areaAt(areas, '/operations/1/columns/1')?.width).toBe(90);
    expect(areaAt(areas, '/operations/10/text')?.width).toBe(50);
    expect(areaAt(areas, '/title')).toBeUndefined();
  });

  test('small ones lie over large ones', () => {
    expect(stacked(areas).map(({ width }) => width)).toEqual([90, 50, 20]);
  });
});

describe('a request as a program', () => {
  const body = `{
  "title": "It's \\"quoted\\" \\\\ $HOME \`x\` ''' \${y} JSON",
  "operations": [{ "type": "add_text", "text": "é 日本" }]
}`;
  const request = { origin: 'https://ink.example', keyed: true, body };

  test('no program holds a key, and one for a server without keys names none', () => {
    for (const language of snippetLanguages) {
      expect(snippetOf(language, request)).toContain('INKWIRE_KEY');
      expect(snippetOf(language, { ...request, keyed: false })).not.toContain('INKWIRE_KEY');
    }
  });

  /** What a program of the language reads out of its own text. */
  const readers: readonly (readonly [
    language: 'curl' | 'Node' | 'Python',
    command: string,
    take: (code: string) => readonly string[],
  ])[] = [
    ['curl', '/bin/bash', (code) => ['-c', `curl() { cat; }\n${code}`]],
    [
      'Node',
      process.execPath,
      (code) => [
        '-e',
        `${/const request = [\s\S]*?;\n\n/.exec(code)?.[0] ?? ''}; process.stdout.write(JSON.stringify(request))`,
      ],
    ],
    [
      'Python',
      '/usr/bin/python3',
      (code) => [
        '-c',
        `${/REQUEST = [\s\S]*?'''\n/.exec(code)?.[0] ?? ''}\nimport sys; sys.stdout.buffer.write(REQUEST.encode())`,
      ],
    ],
  ];

  test.each(readers.filter(([, command]) => existsSync(command)))(
    '%s sends exactly the request',
    (language, command, take) => {
      const sent = execFileSync(command, [...take(snippetOf(language, request))], { encoding: 'utf8' });
      expect(JSON.parse(sent)).toEqual(JSON.parse(body));
    },
  );

  test('PHP has it between two lines that no JSON has', () => {
    expect(snippetOf('PHP', request)).toContain(`<<<'JSON'\n${body}\nJSON;`);
  });
});
