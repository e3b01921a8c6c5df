import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src');
const client = join(root, 'client');

/**
 * The architecture in one look: what each folder may import beside its own files. A file that is named has its own line
 * and is no part of its folder. Whatever is not allowed here is wrong, type imports included.
 */
const allowed: Readonly<Record<string, readonly string[]>> = {
  protocol: [],
  jobs: ['protocol'],
  engine: ['jobs', 'protocol'],
  'engine/embedded': ['engine', 'jobs', 'protocol'],
  'engine/memory': ['engine/embedded', 'engine', 'jobs', 'protocol'],
  'engine/sqlite': ['system-errors.ts', 'shares', 'engine/embedded', 'engine', 'jobs', 'protocol'],
  'engine/postgres': ['engine/embedded', 'engine', 'jobs', 'protocol'],
  'engine/s3': ['system-errors.ts', 'engine'],
  'engine/nats': ['engine'],
  access: ['engine', 'protocol'],
  shares: [],
  pieces: [],
  zip: [],
  fetch: ['countdown.ts', 'system-errors.ts'],
  render: ['countdown.ts', 'system-errors.ts', 'shares', 'protocol'],
  'render/fonts': [],
  'render/qr': [],
  'render/layout': ['render/fonts'],
  'render/kinds/document': ['render/layout', 'render/fonts', 'render/qr', 'render', 'protocol'],
  'render/kinds/pdf-tools': ['render/fonts', 'render', 'protocol'],
  'render/kinds/bulk-fill/rows': ['pieces', 'render', 'protocol'],
  'render/kinds/bulk-fill/view': ['render/kinds/bulk-fill/rows', 'pieces', 'zip', 'protocol'],
  'render/kinds/bulk-fill/package': ['render/fonts', 'zip'],
  'render/kinds/bulk-fill/template': [
    'render/kinds/bulk-fill/package',
    'render/kinds/document',
    'render/kinds/pdf-tools',
    'render/fonts',
    'render',
  ],
  'render/kinds/bulk-fill': [
    'render/kinds/bulk-fill/rows',
    'render/kinds/bulk-fill/view',
    'render/kinds/bulk-fill/package',
    'render/kinds/bulk-fill/template',
    // The names of symbologies.
    'render/kinds/document',
    'render/kinds/pdf-tools',
    'pieces',
    'render',
    'protocol',
  ],
  'render/kinds/bulk-fill/tools': [
    'render/fonts',
    'render/kinds/bulk-fill/package',
    'render/kinds/bulk-fill/rows',
    'render/kinds/bulk-fill/template',
    'render/kinds/pdf-tools',
    'render',
    'protocol',
  ],
  'render/kinds/fill-form': [
    'render/kinds/bulk-fill/package',
    'render/kinds/bulk-fill/template',
    'render/kinds/pdf-tools',
    'render',
    'protocol',
  ],
  'render/kinds/report/language': ['nearest.ts'],
  'render/kinds/report': ['render/kinds/report/language', 'render/kinds/document', 'render', 'protocol'],
  'render/kinds/preview/pages': ['render/kinds/pdf-tools', 'render', 'protocol'],
  'render/kinds/preview/inputs': [
    'render/kinds/preview/pages',
    'render/kinds/pdf-tools',
    'render',
    'protocol',
  ],
  'render/kinds/preview': [
    'render/kinds/preview/inputs',
    'render/kinds/preview/pages',
    'render/kinds/pdf-tools',
    'render',
    'protocol',
  ],
  'render/kinds': [
    'render/kinds/bulk-fill',
    'render/kinds/bulk-fill/tools',
    'render/fonts',
    'render/kinds/document',
    'render/kinds/fill-form',
    'render/kinds/pdf-tools',
    'render/kinds/preview',
    'render/kinds/report',
    'render',
  ],
  'render/thread.ts': ['render/kinds', 'render'],
  designs: ['engine', 'render'],
  follow: ['engine', 'jobs', 'protocol'],
  work: ['log-fields.ts', 'system-errors.ts', 'follow', 'pieces', 'engine', 'render', 'jobs', 'protocol'],
  'work/submit': [
    'nearest.ts',
    'countdown.ts',
    'work',
    'shares',
    'fetch',
    'engine',
    'render',
    'jobs',
    'protocol',
  ],
  'work/run': [
    'log-fields.ts',
    'countdown.ts',
    'work/submit',
    'work',
    'shares',
    'follow',
    'fetch',
    'engine',
    'render',
    'jobs',
    'protocol',
  ],
  webhooks: ['log-fields.ts', 'shares', 'follow', 'fetch', 'engine', 'jobs', 'protocol'],
  gateway: ['countdown.ts', 'shares', 'follow', 'engine', 'protocol'],
  'http/reply': ['zip', 'shares', 'work', 'protocol'],
  'http/upload': ['countdown.ts', 'work', 'engine', 'render', 'protocol'],
  'http/routes/webhooks': [
    'http',
    'http/admission',
    'http/docs',
    'http/reply',
    'webhooks',
    'work/submit',
    'engine',
    'protocol',
  ],
  'http/dialects': [
    'webhooks',
    'http/reply',
    'http/upload',
    'access',
    'designs',
    'work',
    'engine',
    'render',
    'protocol',
  ],
  'http/admission': [
    'nearest.ts',
    'countdown.ts',
    'http/dialects',
    'http/reply',
    'shares',
    'access',
    'protocol',
  ],
  'http/docs': ['http/dialects', 'work/submit', 'render', 'protocol'],
  'http/routes': [
    'countdown.ts',
    'http/admission',
    'http/dialects',
    'http/docs',
    'http/reply',
    'http/upload',
    'shares',
    'gateway',
    'work',
    'work/submit',
    'access',
    'render',
    'render/fonts',
    'render/kinds/document',
    'jobs',
    'protocol',
  ],
  'http/routes/support': [
    'http/admission',
    'http/docs',
    'http/reply',
    'http/routes',
    'access',
    'follow',
    'jobs',
    'work',
    'work/submit',
    'protocol',
  ],
  'http/routes/designs': [
    'http/routes/designs/design-bodies.ts',
    'http/admission',
    'http/docs',
    'http/reply',
    'http/routes',
    'designs',
    'work',
    'render',
    'protocol',
  ],
  'http/dialects/native': [
    'http/dialects',
    'http/routes',
    'http/routes/designs',
    'http/docs',
    'http/reply',
    'render/kinds/bulk-fill/package',
  ],
  'http/dialects/report-flow': [
    'http/dialects',
    'http/routes',
    'http/admission',
    'http/docs',
    'http/reply',
    'webhooks',
    'access',
    'designs',
    'work',
    'engine',
    'work/submit',
    'render',
    'protocol',
  ],
  'http/dialects/bulk-fill': [
    'http/dialects',
    'http/admission',
    'http/docs',
    'http/reply',
    'http/upload',
    'webhooks',
    'engine',
    'work',
    'work/submit',
    'render',
    'render/kinds/bulk-fill/rows',
    'render/kinds/bulk-fill/tools',
    'protocol',
  ],
  'http/dialects/previews': [
    'http/dialects',
    'http/routes',
    'http/upload',
    'http/admission',
    'http/docs',
    'http/reply',
    'access',
    'work',
    'work/submit',
    'render',
    'render/kinds/preview/inputs',
    'jobs',
    'protocol',
  ],
  'http/routes/designs/design-bodies.ts': ['designs', 'work', 'work/submit', 'render', 'protocol'],
  'http/dialects/body-shapes.ts': ['http/dialects/previews', 'http/dialects/report-flow'],
  'http/dialects/dialects.ts': [
    'http/dialects',
    'http/dialects/native',
    'http/dialects/bulk-fill',
    'http/dialects/previews',
    'http/dialects/report-flow',
  ],
  http: [
    'log-fields.ts',
    'countdown.ts',
    'http/dialects',
    'http/dialects/native',
    'http/routes',
    'http/routes/support',
    'http/admission',
    'http/reply',
    'http/upload',
    'gateway',
    'designs',
    'work',
    'engine',
    'shares',
    'access',
    'render',
    'protocol',
  ],
  'nearest.ts': ['protocol'],
  'log-fields.ts': [],
  'config.ts': ['config-option.ts', 'nearest.ts', 'access'],
  'config-option.ts': ['access'],
  'idle-heap.ts': [],
  'young-buffers.ts': [],
  'process-meters.ts': [],
  'close-stack.ts': [],
  'body-thread.ts': [
    'designs',
    'http/dialects/body-shapes.ts',
    'http/routes/designs/design-bodies.ts',
    'render/kinds',
    'work/submit',
  ],
  'countdown.ts': [],
  'system-errors.ts': [],
  'standstills.ts': ['countdown.ts'],
  'steady-clock.ts': [],
  'server-time.ts': ['standstills.ts', 'steady-clock.ts'],
  'service-settings.ts': ['config.ts', 'engine'],
  'rendering.ts': ['config.ts', 'render', 'work', 'render/kinds'],
  'front-rehearsal.ts': [],
  'streaming.ts': ['config.ts', 'access', 'gateway', 'follow', 'engine', 'work'],
  'tracing.ts': ['work'],
  'tracing-settings.ts': [],
  'serving.ts': ['config.ts', 'http', 'http/routes', 'render'],
  'storage.ts': [
    'config.ts',
    'service-settings.ts',
    'engine',
    'engine/postgres',
    'engine/nats',
    'engine/s3',
    'engine/sqlite',
  ],
  'supporting.ts': [
    'config.ts',
    'process-meters.ts',
    'engine',
    'follow',
    'http',
    'http/routes/support',
    'render',
    'work',
  ],
  'opening.ts': ['config.ts', 'process-meters.ts', 'server-time.ts', 'storage.ts', 'engine'],
  'app.ts': [
    'supporting.ts',
    'front-rehearsal.ts',
    'opening.ts',
    'rendering.ts',
    'serving.ts',
    'streaming.ts',
    'close-stack.ts',
    'config.ts',
    'idle-heap.ts',
    'young-buffers.ts',
    'process-meters.ts',
    'service-settings.ts',
    'shares',
    'http',
    'http/dialects/dialects.ts',
    'http/routes/webhooks',
    'webhooks',
    'http/reply',
    'designs',
    'follow',
    'work',
    'work/submit',
    'work/run',
    'access',
    'fetch',
    'engine',
    'render',
    'render/kinds',
  ],
  cli: ['system-errors.ts', 'nearest.ts', 'config.ts', 'app.ts', 'access', 'engine', 'protocol'],
  'cli/backup': ['cli', 'engine', 'engine/postgres', 'engine/s3', 'engine/sqlite'],
  'cli/batch': ['cli', 'protocol'],
  'cli/designs': ['cli', 'render/kinds/report', 'protocol'],
  'cli/packages': ['cli'],
  'cli/verify': ['cli', 'protocol'],
  'cli/doctor': [
    'cli',
    'config.ts',
    'storage.ts',
    'access',
    'fetch',
    'engine',
    'engine/nats',
    'engine/postgres',
    'engine/s3',
    'engine/sqlite',
    'render',
    'render/fonts',
    'render/kinds',
    'work/submit',
  ],
  'main.ts': [
    'app.ts',
    'opening.ts',
    'config.ts',
    'tracing.ts',
    'tracing-settings.ts',
    'work',
    'cli',
    'cli/backup',
    'cli/batch',
    'cli/designs',
    'cli/doctor',
    'cli/packages',
    'cli/verify',
    'engine/postgres',
    'engine/sqlite',
  ],
};

/** The line of the table that a file belongs to. */
function roomOf(file: string): string {
  return file in allowed ? file : dirname(file);
}

/** Sources in a folder, by their paths in it. */
function sourcesIn(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => /\.tsx?$/.test(file) && !file.endsWith('.d.ts'))
    .map((file) => file.replaceAll('\\', '/'));
}

/** Every import of another file of ours, types included, by its path in the folder. */
function importsOf(file: string, folder = src): readonly string[] {
  const text = readFileSync(join(folder, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:from|import)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(
    (match) => match[1] ?? '',
  );
  return specifiers.map((specifier) =>
    relative(folder, normalize(join(folder, dirname(file), specifier))).replace(/\.js$/, '.ts'),
  );
}

/** Every library that a file imports. */
function librariesOf(file: string, folder = src): readonly string[] {
  const text = readFileSync(join(folder, file), 'utf8');
  return [...text.matchAll(/(?:from|import)\s*\(?\s*'([\w@][^'\s]*)'/g)].map((match) => match[1] ?? '');
}

const files = sourcesIn(src);
const clientFiles = sourcesIn(client);

/** A file of the page may hold markup. */
function withItsEnding(target: string): string {
  return clientFiles.includes(`${target}x`) ? `${target}x` : target;
}

/** The command line is a client like any other: it may use the SDK, and nothing else of `client/`. */
const sdk = '../client/sdk/';
const imports = files.map((file) => [file, importsOf(file)] as const);
const edges = new Map(
  imports.map(([file, targets]) => [file, targets.filter((target) => !target.startsWith(sdk))]),
);

describe('architecture', () => {
  it('finds the sources and their imports', () => {
    expect(files.length).toBeGreaterThan(30);
    expect([...edges.values()].flat().length).toBeGreaterThan(50);
    for (const [file, targets] of edges)
      for (const target of targets) expect(edges.has(target), `${file} -> ${target}`).toBe(true);
  });

  it('follows the table of allowed imports', () => {
    const wrong = [...edges].flatMap(([file, targets]) =>
      targets
        .filter((target) => roomOf(target) !== roomOf(file))
        .filter((target) => !allowed[roomOf(file)]?.includes(roomOf(target)))
        .map((target) => `${file} -> ${target}`),
    );
    expect(wrong).toEqual([]);
  });

  it('allows no import that nobody needs', () => {
    const needed = new Set(
      [...edges].flatMap(([file, targets]) =>
        targets.map((target) => `${roomOf(file)} -> ${roomOf(target)}`),
      ),
    );
    const lines = Object.entries(allowed).flatMap(([room, targets]) =>
      targets.map((target) => `${room} -> ${target}`),
    );
    expect(lines.filter((line) => !needed.has(line))).toEqual([]);
  });

  it('is a house without circles: no two rooms need each other', () => {
    const reach = (room: string, seen: ReadonlySet<string>): readonly string[] =>
      (allowed[room] ?? []).flatMap((next) =>
        seen.has(next) ? [next] : reach(next, new Set([...seen, next])),
      );
    expect(Object.keys(allowed).filter((room) => reach(room, new Set([room])).includes(room))).toEqual([]);
  });

  it('has small files and rooms: no source over 400 lines, no folder with more than 24 files', () => {
    const long = files.filter((file) => readFileSync(join(src, file), 'utf8').split('\n').length > 401);
    expect(long).toEqual([]);
    const inFolder = new Map<string, number>();
    for (const file of files) inFolder.set(dirname(file), (inFolder.get(dirname(file)) ?? 0) + 1);
    const crowded = [...inFolder].filter(([folder, count]) => /^(http|work)/.test(folder) && count > 24);
    expect(crowded).toEqual([]);
  });

  it.each([
    ['src', edges],
    ['client', new Map(clientFiles.map((file) => [file, importsOf(file, client).map(withItsEnding)]))],
  ])('has no import cycle in %s', (_folder, graph) => {
    const done = new Set<string>();
    const path: string[] = [];
    const cycles: string[] = [];
    const visit = (file: string): void => {
      if (done.has(file)) return;
      const at = path.indexOf(file);
      if (at !== -1) {
        cycles.push([...path.slice(at), file].join(' -> '));
        return;
      }
      path.push(file);
      for (const target of graph.get(file) ?? []) visit(target);
      path.pop();
      done.add(file);
    };
    for (const file of graph.keys()) visit(file);
    expect(cycles).toEqual([]);
  });

  it('loads the driver of PostgreSQL, and what speaks to an object store or to NATS, only where an address asks for it', () => {
    const loading = files.filter(
      (file) =>
        !/^engine\/(postgres|s3|nats)\//.test(file) &&
        /^import (?!type )[^;]*(engine\/(postgres|nats)\/|s3-b(ucket|lobs)\.js)/m.test(
          readFileSync(join(src, file), 'utf8'),
        ),
    );
    expect(loading).toEqual([]);
  });

  it('keeps libraries in their rooms', () => {
    const rooms: readonly (readonly [library: RegExp, room: RegExp])[] = [
      [/^fastify$|^@fastify\//, /^http\//],
      [/^libsql$/, /^engine\/sqlite\//],
      [/^pg$/, /^engine\/postgres\//],
      [/^@aws-sdk\//, /^engine\/s3\//],
      [/^@nats-io\//, /^engine\/nats\//],
      [/^pdfmake|^fontkit|^bwip-js/, /^render\//],
      // Pictures of strangers are decoded in a process of its own alone; pixels of ours are packed where they lie.
      [
        /^sharp$/,
        /^render\/(picture-decoding|picture-drawing|kinds\/pdf-tools\/thumbnail|kinds\/preview\/pages\/encode)\.ts$/,
      ],
      [/^@cantoo\/pdf-lib$|^@embedpdf\/pdfium$/, /^render\/kinds\/(pdf-tools|bulk-fill\/template)\//],
      [/^undici$/, /^(work|fetch)\//],
      [/^bidi-js$/, /^render\/layout\//],
      [/^@opentelemetry\//, /^tracing\.ts$/],
    ];
    const misplaced = files.flatMap((file) => {
      return librariesOf(file)
        .filter((name) => rooms.some(([library, room]) => library.test(name) && !room.test(file)))
        .map((name) => `${file} imports ${name}`);
    });
    expect(misplaced).toEqual([]);
  });

  it('lets the command line alone use the SDK', () => {
    const users = imports.filter(([, targets]) => targets.some((target) => target.startsWith(sdk)));
    expect(users.length).toBeGreaterThan(0);
    expect(users.map(([file]) => file).filter((file) => !file.startsWith('cli/'))).toEqual([]);
  });

  it.each([
    {
      what: 'a kind',
      folder: /^render\/kinds\/[^/]+(?=\/)/,
      registry: 'render/kinds/kinds.ts',
      // The limits and operations of documents are members of the answer of `GET /api/v1/capabilities`.
      // A report is drawn as a document. The command line checks designs without a server.
      others: [
        'cli/designs/design-file.ts',
        // What is asked before there is a job, and the shape of packages.
        'http/dialects/bulk-fill/creates.ts',
        'http/dialects/bulk-fill/export-jobs.ts',
        'http/dialects/native/native.ts',
        // Which sentences are ours.
        'http/dialects/previews/messages.ts',
        'http/routes/capability-facts.ts',
        // What runs them, apart from what checks them.
        'render/kinds/backs.ts',
        // A template is made of a form as it is merged, with codes as a document has them.
        'render/kinds/bulk-fill/prepare.ts',
        'render/kinds/bulk-fill/request.ts',
        'render/kinds/bulk-fill/template/code-drawing.ts',
        'render/kinds/bulk-fill/template/form.ts',
        'render/kinds/bulk-fill/template/images.ts',
        'render/kinds/bulk-fill/template/page-objects.ts',
        'render/kinds/bulk-fill/template/source.ts',
        'render/kinds/bulk-fill/tools/sent.ts',
        'render/kinds/fill-form/requests.ts',
        'render/kinds/fill-form/run.ts',
        // Pages of PDFs are drawn by the engine of the PDF tools.
        'render/kinds/preview/inputs/pdf.ts',
        'render/kinds/preview/inputs/scan.ts',
        'render/kinds/preview/page-view.ts',
        'render/kinds/preview/page-words.ts',
        'render/kinds/preview/pages/encode.ts',
        'render/kinds/preview/pages/pdf-files.ts',
        'render/kinds/preview/pages/picture-size.ts',
        'render/kinds/preview/pages/source.ts',
        'render/kinds/preview/sprite.ts',
        // Languages are rehearsed with reports.
        'render/kinds/rehearsal.ts',
        'render/kinds/report/operation-rules.ts',
        'render/kinds/report/request.ts',
        'render/kinds/report/run.ts',
        'render/kinds/report/schema.ts',
      ],
    },
    {
      what: 'a dialect',
      folder: /^http\/dialects\/[^/]+(?=\/)/,
      registry: 'http/dialects/dialects.ts',
      // The shapes of their bodies are a list for a thread that loads no routes. Streams are of the native one.
      others: ['http/dialects/body-shapes.ts', 'http/push.ts'],
    },
  ])('knows $what by its line in the registry alone: it is its folder and that line', (given) => {
    const folderOf = (file: string): string | undefined => given.folder.exec(file)?.[0];
    const enters = (file: string, target: string): boolean =>
      folderOf(target) !== undefined && folderOf(target) !== folderOf(file);
    const users = [...edges].filter(([file, targets]) => targets.some((target) => enters(file, target)));
    expect(users.map(([file]) => file).sort()).toEqual([...given.others, given.registry].sort());
  });

  it('starts programs from the pool of the render threads alone', () => {
    const users = files.filter((file) => librariesOf(file).includes('node:child_process'));
    expect(users.sort()).toEqual([
      'render/picture-process.ts',
      'render/program-folder.ts',
      'render/program-process.ts',
    ]);
    // What decodes pictures is loaded by the entry of its process alone.
    const decoder = [...edges].filter(([, targets]) => targets.includes('render/picture-decoding.ts'));
    expect(decoder.map(([file]) => file)).toEqual([
      'render/picture-child.ts',
      'render/picture-drawing.ts',
      'render/picture-process.ts',
    ]);
    const drawer = [...edges].filter(([, targets]) => targets.includes('render/picture-drawing.ts'));
    expect(drawer.map(([file]) => file)).toEqual(['render/picture-child.ts']);
  });

  it('keeps the client apart: of the server it knows the protocol, of Node nothing', () => {
    expect(clientFiles.filter((file) => file.startsWith('sdk/')).length).toBeGreaterThan(10);
    const wrong = clientFiles.flatMap((file) => {
      const [room = ''] = file.split('/');
      // The page is made with the SDK and the viewer, all others with the SDK; the SDK is made with nothing.
      const own = new RegExp(room === 'page' ? '^(sdk|viewer|page)/' : `^(sdk|${room})/`);
      const strays = importsOf(file, client).filter(
        (target) => !own.test(target) && !/^\.\.\/src\/protocol\//.test(target),
      );
      const libraries = librariesOf(file, client).filter((name) => {
        // A program of its own, and the only thing here that knows the protocol of agents.
        if (room === 'mcp') return !/^(node:|zod$|@modelcontextprotocol\/sdk\/)/.test(name);
        if (name.startsWith('node:')) return true;
        if (room === 'sdk') return !(name === 'ws' && file === 'sdk/node.ts');
        if (room === 'react') return name !== 'react';
        if (room === 'element' || room === 'viewer') return true;
        return !/^(preact|@preact\/signals)(\/|$)/.test(name);
      });
      return [...strays, ...libraries].map((target) => `${file} -> ${target}`);
    });
    expect(wrong).toEqual([]);
  });

  it('keeps the pure core pure', () => {
    const impure = files.filter((file) => {
      if (!/^(protocol|jobs)\//.test(file)) return false;
      return /from 'node:|Date\.now|Math\.random|new Date\(\)|process\./.test(
        readFileSync(join(src, file), 'utf8'),
      );
    });
    expect(impure).toEqual([]);
  });

  it('touches the process in main.ts alone', () => {
    const touching = files.filter((file) => {
      const text = readFileSync(join(src, file), 'utf8').replaceAll(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, '');
      return file !== 'main.ts' && /\bprocess\.(exit|env|on|argv|exitCode)\b/.test(text);
    });
    expect(touching).toEqual([]);
  });
});
