import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Inkwire } from '../../client/sdk/node.js';
import { type RunningServer, startServer } from '../helpers/server.js';

const root = fileURLToPath(new URL('../../', import.meta.url));

interface Locked {
  readonly dev?: boolean;
  readonly devOptional?: boolean;
  readonly peer?: boolean;
  readonly link?: boolean;
  readonly hasInstallScript?: boolean;
}

const { satisfies }: { satisfies(version: string, range: string): boolean } = createRequire(import.meta.url)(
  'semver',
);
/** The oldest that the package names, and the newest of each of the others. */
const supported = ['20.19.0', '22.12.0', '22.22.0', '24.0.0', '24.12.0', '26.0.0'];

/** Paths of the packages that an installation has beside the server's own, on this platform. */
function installedWithIt(): readonly string[] {
  const { packages } = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as {
    readonly packages: Readonly<Record<string, Locked>>;
  };
  return Object.entries(packages)
    .filter(
      ([path, { dev, devOptional, peer, link }]) => path !== '' && !(dev || devOptional || peer || link),
    )
    .map(([path]) => path)
    .filter((path) => path.startsWith('node_modules/') && existsSync(join(root, path)));
}

/** The package as npm packs it, beside what npm would install with it, and nothing else: no fonts of East Asia. */
describe('the server, installed', () => {
  let folder: string;
  let server: RunningServer;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'inkwire-installed-'));
    const pack = ['pack', '--json', '--ignore-scripts', '--pack-destination', folder];
    const [{ filename }] = JSON.parse(execFileSync('npm', pack, { cwd: root, encoding: 'utf8' }));
    execFileSync('tar', ['-xzf', join(folder, filename), '-C', folder]);
    await rm(join(folder, filename));
    // What a package needs itself is found beside it, where the link leads to.
    const tops = installedWithIt().filter((path) => path.lastIndexOf('node_modules/') === 0);
    for (const path of tops) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await symlink(join(root, path), join(folder, path));
    }
    const program = join(folder, 'serve.mjs');
    await writeFile(program, "process.argv.push('serve');\nawait import('./package/dist/src/main.js');\n");
    server = await startServer({ program: pathToFileURL(program), env: { INKWIRE_WORKERS: '1' } });
  });
  afterAll(async () => {
    await server?.stop();
    await rm(folder, { recursive: true, force: true });
  });

  it('takes at most 200 MB of the disk, fonts of East Asia apart', () => {
    const places = installedWithIt().map((path) => join(root, path));
    expect(places.length).toBeGreaterThan(100);
    expect(places.filter((path) => /fonts-(jp|sc|kr)$/.test(path))).toEqual([]);
    const { stdout } = {
      stdout: execFileSync('du', ['-sck', join(folder, 'package'), ...places]).toString(),
    };
    expect(Number(/(\d+)\ttotal/.exec(stdout)?.[1]) / 1024).toBeLessThan(200);
  });

  it('runs on each Node that is supported, and so does all that is installed with it', () => {
    const said = [join(root, 'package.json'), join(root, 'client'), join(root, 'client/mcp')].concat(
      installedWithIt().map((path) => join(root, path)),
    );
    const refusing = said.flatMap((path) => {
      const file = path.endsWith('.json') ? path : join(path, 'package.json');
      const { name, engines } = JSON.parse(readFileSync(file, 'utf8')) as {
        readonly name: string;
        readonly engines?: { readonly node?: string };
      };
      const wanted = engines?.node ?? '*';
      return supported
        .filter((version) => !satisfies(version, wanted))
        .map((version) => [name, version, wanted]);
    });
    expect(said.length).toBeGreaterThan(100);
    expect(refusing).toEqual([]);
    expect(satisfies('20.18.0', '>=20.19')).toBe(false);
  });

  it('makes documents, merges them, and names the package for letters that it has no font for', async () => {
    const client = new Inkwire({ url: server.url });
    const text = (words: string) => ({ operations: [{ type: 'add_text', text: words }] }) as const;
    const eastern = await client.waitFor((await client.submit(text('東京, 서울'))).job_id);
    expect(eastern.warnings).toEqual([
      {
        code: 'missing_glyph',
        message: expect.stringContaining('"npm install @embedpdf/fonts-jp @embedpdf/fonts-kr"'),
        pointer: '/operations/0',
      },
    ]);
    const plain = await client.waitFor((await client.submit(text('Plain, Ελληνικά'))).job_id);
    expect(plain.warnings).toBeUndefined();
    const pdf = Buffer.from(await (await client.download(plain.job_id)).bytes()).toString('base64');
    const merged = await client.submit({ kind: 'merge', pdf_files: [pdf, pdf] });
    expect((await client.waitFor(merged.job_id)).pages).toBe(2);
  });

  it('refuses a family that is not installed, with the name of its package', async () => {
    const operations = [{ type: 'set_font', family: 'noto-sans-sc' }];
    const answer = await fetch(`${server.url}/api/v1/jobs`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ operations }),
    });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain('noto-sans-sc by \\"npm install @embedpdf/fonts-sc\\"');
    const { data } = (await (await fetch(`${server.url}/api/v1/capabilities`)).json()) as {
      readonly data: object;
    };
    expect(JSON.stringify(data)).not.toContain('noto-sans');
  });
});
