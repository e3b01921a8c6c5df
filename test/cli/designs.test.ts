import { readFile, rename, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { checkDesignText } from '../../src/cli/designs/design-file.js';
import { runDesigns } from '../../src/cli/designs/designs.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { type KeptShell, scratchFolder, shell, writeJson } from './shell-fixture.js';

const design = (text = 'Hello, {{name}}') => ({
  label: 'Greeting',
  params: [{ name: 'name', type: 'text' }],
  samples: { ada: { name: 'Ada' }, grace: { name: 'Grace' } },
  operations: [{ type: 'add_text', text }],
});

describe('places of faults in a file', () => {
  const faultsOf = (text: string) => {
    const read = checkDesignText(text);
    return read.ok ? [] : read.faults;
  };
  const withText = (literal: string) =>
    `{\n  "params": [{ "name": "n", "type": "number" }],\n  "operations": [\n    { "type": "add_text", "text": ${literal} }\n  ]\n}`;

  it('the column of an expression is that of the file, whatever escapes stand before it', () => {
    for (const before of ['', 'plain ', '\\u00e9\\n', '\\"quoted\\" ', '\\\\ ']) {
      const text = withText(`"${before}{{nam}}"`);
      const line = text.split('\n')[3] ?? '';
      expect(faultsOf(text)).toMatchObject([
        { line: 4, column: line.indexOf('nam}}') + 1, pointer: '/operations/0/text' },
      ]);
    }
  });

  it('a member that is wrong is where its name begins, one that is missing where it would be', () => {
    expect(faultsOf('{\n  "labbel": 1,\n  "operations": []\n}')).toMatchObject([{ line: 2, column: 3 }]);
    expect(faultsOf('{\n  "label": "x"\n}')).toMatchObject([{ line: 1, column: 1, pointer: '/operations' }]);
  });

  it('what is no JSON is told where it ends to be some', () => {
    expect(faultsOf('{\n  "label": "x",\n}')).toMatchObject([{ line: 3, column: 1 }]);
    expect(faultsOf('[]')).toMatchObject([{ line: 1, column: 1, message: 'must be an object' }]);
  });
});

describe('inkwire designs', () => {
  let folder: string;
  let server: AppServer;
  let good: string;
  beforeAll(async () => {
    folder = await scratchFolder();
    good = await writeJson(join(folder, 'greeting.json'), design());
    server = await startAppServer();
  });
  afterAll(() => server.close());

  const as = (args: readonly string[], url = server.url): KeptShell =>
    shell(args, { INKWIRE_URL: url, INKWIRE_KEY: alice });

  describe('validate', () => {
    it('needs no server, and says of each file whether it is good', async () => {
      const bad = join(folder, 'bad.json');
      await writeFile(bad, JSON.stringify(design('{{nam}}'), null, 2));
      const it = shell(['validate', good, bad]);
      expect(await runDesigns(it)).toBe(1);
      expect(it.out.lines).toEqual([`${good}: good`]);
      expect(it.err.lines).toEqual([expect.stringMatching(/bad\.json:\d+:\d+: \/operations\/0\/text .*nam/)]);
      expect(await runDesigns(shell(['validate', good]))).toBe(0);
    });

    it('tells programs the same as JSON', async () => {
      const bad = await writeJson(join(folder, 'worse.json'), { operations: 1 });
      const it = shell(['validate', '--json', good, bad]);
      expect(await runDesigns(it)).toBe(1);
      expect(it.out.values).toMatchObject([
        { file: good, valid: true, faults: [] },
        { file: bad, valid: false, faults: [{ line: 1, pointer: '/operations' }] },
      ]);
      expect(it.err.text).toBe('');
    });

    it('a file that is not there is not understood', async () => {
      const it = shell(['validate', join(folder, 'nowhere.json')]);
      expect(await runDesigns(it)).toBe(2);
      expect(it.err.text).toContain('there is no such file');
    });
  });

  describe('render', () => {
    const rendered = async (args: readonly string[]) => {
      const path = join(folder, 'out.pdf');
      const it = as(['render', good, '-o', path, ...args]);
      expect([await runDesigns(it), it.err.text]).toEqual([0, expect.stringContaining('out.pdf (')]);
      return (await readFile(path)).subarray(0, 5).toString();
    };

    it('fills the design with its first sample, another one, or values of a file', async () => {
      expect(await rendered([])).toBe('%PDF-');
      expect(await rendered(['--sample', 'grace'])).toBe('%PDF-');
      const params = await writeJson(join(folder, 'values.json'), { name: 'Edsger' });
      expect(await rendered(['--params', params])).toBe('%PDF-');
    });

    it('writes beside the file where nothing else is said, and to the standard output', async () => {
      expect(await runDesigns(as(['render', good]))).toBe(0);
      expect((await readFile(join(folder, 'greeting.pdf'))).subarray(0, 5).toString()).toBe('%PDF-');
      const it = as(['render', good, '-o', '-']);
      expect(await runDesigns(it)).toBe(0);
      expect(it.out.bytes.subarray(0, 5).toString()).toBe('%PDF-');
    });

    it('a sample that is not there is told with those that are', async () => {
      const it = as(['render', good, '--sample', 'alan']);
      expect(await runDesigns(it)).toBe(2);
      expect(it.err.text).toContain('it has ada, grace');
    });

    it('values of the wrong type are refused with their place', async () => {
      const params = await writeJson(join(folder, 'wrong.json'), { name: { first: 'Ada' } });
      const it = as(['render', good, '--params', params]);
      expect(await runDesigns(it)).toBe(4);
      expect(it.err.text).toContain('/params/name');
    });

    it('a design with faults is never sent', async () => {
      const bad = await writeJson(join(folder, 'unsent.json'), design('{{'));
      const it = as(['render', bad], 'http://127.0.0.1:9');
      expect(await runDesigns(it)).toBe(1);
      expect(it.err.text).toMatch(/unsent\.json:1:\d+: \/operations\/0\/text/);
    });

    it('says what a render has to say', async () => {
      const wide = { ...design(), operations: [{ type: 'add_text', text: 'x', x: 900 }] };
      const it = as(['render', await writeJson(join(folder, 'wide.json'), wide)]);
      expect(await runDesigns(it)).toBe(0);
      expect(it.err.text).toMatch(/^warning: /);
    });
  });

  it('watch draws again after each change, tells faults, and ends with a signal', async () => {
    const path = await writeJson(join(folder, 'watched.json'), design());
    const it = as(['watch', path]);
    const ended = runDesigns(it);
    await it.err.shows(/watched\.pdf \(/);
    const first = await readFile(join(folder, 'watched.pdf'));
    await writeFile(path, JSON.stringify(design('{{nam}}')));
    await it.err.shows(/watched\.json:1:\d+: /);
    // As editors do it: another file in its place.
    const aside = await writeJson(
      join(folder, 'watched.json~'),
      design('Longer: {{name}} {{name}} {{name}}'),
    );
    await rename(aside, path);
    await it.err.shows(/watched\.pdf \([\s\S]*watched\.pdf \(/);
    expect(await readFile(join(folder, 'watched.pdf'))).not.toEqual(first);
    it.interrupt();
    expect(await ended).toBe(130);
  });

  describe('push', () => {
    /** What a server with designs answers. */
    const asked: { method: string; url: string; body: string; headers: Record<string, unknown> }[] = [];
    let stub: Server;
    let url: string;
    let status = 201;
    beforeAll(async () => {
      stub = createServer(async (request, response) => {
        const chunks: Buffer[] = [];
        for await (const chunk of request) chunks.push(chunk);
        const { method = '', url = '', headers } = request;
        asked.push({ method, url, headers, body: Buffer.concat(chunks).toString() });
        const id = url.split('/').at(-1);
        response.writeHead(method === 'PUT' ? status : 200, {
          'content-type': 'application/json',
          etag: '"e-2"',
        });
        const problem = { type: 'https://example.org/problems/precondition-failed', detail: 'another one' };
        const isRefused = method === 'PUT' && status === 412;
        response.end(JSON.stringify(isRefused ? problem : { data: { id, version: 3 } }));
      });
      await new Promise<void>((resolve) => stub.listen(0, '127.0.0.1', resolve));
      url = `http://127.0.0.1:${(stub.address() as AddressInfo).port}`;
    });
    afterAll(() => new Promise((resolve) => stub.close(resolve)));

    it('stores each file under its name, and prints the version', async () => {
      const other = await writeJson(join(folder, 'letter.design.json'), design());
      const it = as(['push', good, other], url);
      expect(await runDesigns(it)).toBe(0);
      expect(it.out.lines).toEqual(['greeting version 3', 'letter version 3']);
      const puts = asked.splice(0);
      expect(puts.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
        'PUT /api/v1/designs/greeting',
        'PUT /api/v1/designs/letter',
      ]);
      expect(JSON.parse(puts[0]?.body ?? '')).toEqual(design());
    });

    it('says of a design that has not changed that it has not', async () => {
      status = 200;
      const it = as(['push', '--id', 'other', good], url);
      expect(await runDesigns(it)).toBe(0);
      expect(it.out.lines).toEqual(['other version 3 (unchanged)']);
      status = 201;
      asked.length = 0;
    });

    it('an expected version is a condition', async () => {
      expect(await runDesigns(as(['push', '--expect', '2', good], url))).toBe(0);
      expect(await runDesigns(as(['push', '--expect', '0', good], url))).toBe(0);
      const [read, second, third] = asked.splice(0);
      expect(read?.url).toBe('/api/v1/designs/greeting/versions/2');
      expect(second?.headers['if-match']).toBe('"e-2"');
      expect(third?.headers['if-none-match']).toBe('*');
    });

    it('a refusal names the design and the version', async () => {
      status = 412;
      const it = as(['push', '--expect', '2', '--json', good], url);
      expect(await runDesigns(it)).toBe(4);
      expect(it.err.text).toMatch(/^greeting, expected version 2: another one\n$/);
      expect(JSON.parse(it.out.text)).toMatchObject({ type: 'problem', id: 'greeting', expected_version: 2 });
      const plain = as(['push', good], url);
      expect(await runDesigns(plain)).toBe(4);
      expect(plain.err.text).toMatch(/^greeting: another one\n$/);
      status = 201;
      asked.length = 0;
    });

    it('nothing is stored while one of them is wrong', async () => {
      const bad = await writeJson(join(folder, 'unstored.json'), design('{{nam}}'));
      expect(await runDesigns(as(['push', good, bad], url))).toBe(1);
      expect(asked).toEqual([]);
      const it = as(['push', await writeJson(join(folder, 'not an id.json'), design())], url);
      expect(await runDesigns(it)).toBe(2);
    });
  });

  it('knows what was meant, and tells how it is used', async () => {
    const it = shell(['valdate']);
    expect(await runDesigns(it)).toBe(2);
    expect(it.err.text).toContain('did you mean validate?');
    const help = shell(['--help']);
    expect(await runDesigns(help)).toBe(0);
    expect(help.out.text).toContain('inkwire designs validate');
  });
});
