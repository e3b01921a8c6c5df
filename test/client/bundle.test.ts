import { fileURLToPath } from 'node:url';
import { gzipSync } from 'node:zlib';
import { build } from 'vite';
import { beforeAll, describe, expect, test } from 'vitest';

interface Chunk {
  readonly type: 'chunk';
  readonly fileName: string;
  readonly code: string;
  readonly imports: readonly string[];
  readonly exports: readonly string[];
}

describe('the live page', () => {
  test('is at most 33,000 bytes more than it was without an editor and for one who looks at jobs alone, gzipped', async () => {
    const configFile = fileURLToPath(new URL('../../client/vite.config.js', import.meta.url));
    const made = await build({
      configFile,
      logLevel: 'error',
      build: { write: false, reportCompressedSize: false },
    });
    const files = [made].flat().flatMap((bundle) => ('output' in bundle ? bundle.output : []));
    const bytes = files.flatMap((file) => {
      if (!/assets\/index-.*\.(js|css)$/.test(file.fileName)) return [];
      return [gzipSync(file.type === 'chunk' ? file.code : file.source, { level: 9 }).length];
    });
    expect(bytes).toHaveLength(2);
    // Script and style of the page that had a text field alone; the editor; and what those need who look after many jobs: overview,
    // actions on many, causes, signing in. As parts of their own these would tear what all views share into a dozen files.
    expect(bytes.reduce((sum, one) => sum + one, 0)).toBeLessThan(42_946 + 4_785 + 25_000 + 8_000);
  });
});

describe('client.js', () => {
  const chunks: Chunk[] = [];

  beforeAll(async () => {
    const configFile = fileURLToPath(new URL('../../client/vite.sdk.config.js', import.meta.url));
    const made = await build({
      configFile,
      logLevel: 'error',
      build: { write: false, reportCompressedSize: false },
    });
    for (const bundle of Array.isArray(made) ? made : [made])
      if ('output' in bundle) for (const one of bundle.output) if (one.type === 'chunk') chunks.push(one);
  });

  const client = () => chunks.find(({ fileName }) => fileName === 'client.js');

  test('is below 10.5 KiB, gzipped', () => {
    const { length } = gzipSync(client()?.code ?? '', { level: 9 });
    expect(length).toBeGreaterThan(5_000);
    expect(length).toBeLessThan(10.5 * 1024);
  });

  test('loads nothing before it is needed, and nothing from elsewhere', () => {
    expect(client()?.imports).toEqual([]);
    expect(client()?.exports).toEqual(expect.arrayContaining(['Inkwire', 'InkwireError']));
    const others = chunks.filter((chunk) => chunk !== client());
    // What the server serves beside it.
    expect(others.map(({ fileName }) => fileName)).toContain('client-webhooks.js');
    for (const { fileName } of others) expect(fileName).toMatch(/^client-[a-z-]+\.js$/);
    for (const { imports } of others) expect(['client.js']).toEqual(expect.arrayContaining([...imports]));
  });
});

describe('pages.js', () => {
  let files: Chunk[] = [];

  beforeAll(async () => {
    const configFile = fileURLToPath(new URL('../../client/vite.viewer.config.js', import.meta.url));
    const made = await build({
      configFile,
      logLevel: 'error',
      build: { write: false, reportCompressedSize: false },
    });
    files = [made].flat().flatMap((bundle) => ('output' in bundle ? (bundle.output as Chunk[]) : []));
  });

  test('is one file below 18 KiB, gzipped, its style in it', () => {
    expect(files.map(({ fileName }) => fileName)).toEqual(['pages.js']);
    const { length } = gzipSync(files[0]?.code ?? '', { level: 9 });
    expect(length).toBeGreaterThan(8_000);
    expect(length).toBeLessThan(18 * 1024);
  });

  test('loads the client that lies beside it when a document is followed, and nothing else', () => {
    const code = files[0]?.code ?? '';
    expect([...code.matchAll(/import\(([^)]*)\)/g)].map(([, name]) => name)).toEqual(['`./client.js`']);
    expect(files[0]?.imports).toEqual([]);
    expect(files[0]?.exports).toEqual(['InkwirePages']);
  });
});
