import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { Inkwire } from '../../client/sdk/node.js';
import { configTable } from '../../src/config.js';
import { addressesOf, inspectFanout } from '../../src/engine/nats/nats-inspection.js';
import { type AppServer, alice, startAppServer } from '../helpers/app-server.js';
import { figuresOf } from '../helpers/exposition.js';
import { useNats, withoutNats } from '../helpers/nats-server.js';
import { commandOf } from '../helpers/real-proxy.js';
import { type RunningServer, startServer } from '../helpers/server.js';

/** What is in deploy/ names what exists, and the programs that read it have nothing against it. */

const root = resolve(import.meta.dirname, '../..');
const deploy = join(root, 'deploy');
const read = (file: string): string => readFileSync(join(deploy, file), 'utf8');
const files = readdirSync(deploy, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => join(parentPath, name).slice(deploy.length + 1));
const composeFiles = files.filter((file) => file.startsWith('compose'));
const units = files.filter((file) => file.endsWith('.service'));
const manifests = files.filter((file) => file.startsWith('kubernetes/'));
/** Without a program its tests are left out, but where they have to run. */
const without = (program: string): boolean => process.env.CI !== 'true' && commandOf(program) === undefined;

// biome-ignore lint/suspicious/noExplicitAny: documents of other programs.
type Document = any;

const scratch = mkdtempSync(join(tmpdir(), 'inkwire-deploy-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

test.each(files)('%s names variables that there are', (file) => {
  const known = new Set([...configTable().matchAll(/`(INKWIRE_\w+)`/g)].map(([, name]) => name));
  // Of the template of nginx, and not of the server.
  known.add('INKWIRE_UPSTREAM');
  const named = [...read(file).matchAll(/\bINKWIRE_[A-Z_]+\b/g)].map(([name]) => name);
  expect(named.filter((name) => !known.has(name))).toEqual([]);
});

describe('the image', () => {
  const text = read('Dockerfile');

  test('copies what there is, and runs as nobody of power on a Node that is supported', () => {
    const copied = [...text.matchAll(/^COPY (?!--from)(.+) \S+$/gm)].flatMap(([, names = '']) =>
      names.split(' '),
    );
    expect(copied.length).toBeGreaterThan(3);
    expect(copied.filter((name) => !existsSync(join(root, name)))).toEqual([]);
    expect(text).toMatch(/^USER node$/m);
    expect(new Set([...text.matchAll(/^FROM node:(\d+)/gm)].map(([, version]) => version))).toEqual(
      new Set(['24']),
    );
  });

  test('asks in its health check for a server that is ready', async () => {
    const [, command = ''] = /HEALTHCHECK [\s\S]*?CMD (\[.*\])$/m.exec(text) ?? [];
    const [program = '', ...args] = JSON.parse(command) as string[];
    expect(program).toBe('node');
    const server = await startAppServer();
    const health = async (): Promise<unknown> => {
      const env = { ...process.env, INKWIRE_PORT: `${server.port}` };
      const [code] = await once(spawn(process.execPath, args, { env }), 'exit');
      return code;
    };
    try {
      expect(await health()).toBe(0);
    } finally {
      await server.close();
    }
    expect(await health()).toBe(1);
  });
});

/** What compose.yaml asks for: a root that nobody writes to, and a user without any right. "$DATA" alone can be written. */
const walledIn = [
  ...['unshare', '--mount', 'sh', '-ec'],
  `mount --make-rprivate / && mount --bind "$DATA" "$DATA" && mount -o remount,bind,ro /
   exec setpriv --reuid=10001 --regid=10001 --clear-groups --bounding-set=-all --inh-caps=-all --no-new-privs "$@"`,
  'sh',
];
const mayWall = (): boolean => {
  const trial = mkdtempSync(join(tmpdir(), 'inkwire-wall-'));
  const [program = '', ...args] = walledIn;
  const { status } = spawnSync(program, [...args, 'true'], { env: { ...process.env, DATA: trial } });
  rmSync(trial, { recursive: true });
  return status === 0;
};

describe.skipIf(process.env.CI !== 'true' && !mayWall())(
  'a server that may write nothing but its data, as a user without rights',
  () => {
    let dataDir: string;
    let server: RunningServer;
    beforeAll(async () => {
      dataDir = mkdtempSync(join(tmpdir(), 'inkwire-walled-'));
      chownSync(dataDir, 10_001, 10_001);
      const env = { DATA: dataDir, NODE_ENV: 'production', INKWIRE_WORKERS: '1', HOME: '/nonexistent' };
      server = await startServer({ under: walledIn, dataDir, env });
    });
    afterAll(async () => {
      await server?.stop();
      rmSync(dataDir, { recursive: true, force: true });
    });

    test('is walled in', () => {
      const status = readFileSync(`/proc/${server.pid}/status`, 'utf8');
      expect(status).toMatch(/^Uid:\t10001\t10001\t10001\t10001$/m);
      expect(status).toMatch(/^CapBnd:\t0+$/m);
      expect(status).toMatch(/^NoNewPrivs:\t1$/m);
      const mounts = readFileSync(`/proc/${server.pid}/mounts`, 'utf8');
      expect(mounts).toMatch(/^\S+ \/ \S+ ro[, ]/m);
    });

    test('is ready, makes documents and pictures of pages, and ends in order', async () => {
      expect((await fetch(`${server.url}/readyz`)).status).toBe(200);
      const client = new Inkwire({ url: server.url });
      const { job, file } = await client.make({ operations: [{ type: 'add_text', text: '東京' }] });
      expect(Buffer.from((await file.bytes()).subarray(0, 5)).toString()).toBe('%PDF-');
      const picture = await fetch(`${server.url}/api/v1/jobs/${job.job_id}/thumbnail`);
      expect([picture.status, picture.headers.get('content-type')]).toEqual([200, 'image/png']);
      await picture.arrayBuffer();
      await client.close();
      expect(await server.stop()).toBe(0);
    });
  },
);

describe.each(composeFiles)('%s', (file) => {
  const { services, volumes }: Document = parse(read(file), { merge: true });
  const all: readonly Document[] = Object.values(services);

  test('names services, volumes and files that there are', () => {
    for (const service of all) {
      for (const name of Object.keys(service.depends_on ?? {})) expect(services).toHaveProperty(name);
      for (const volume of service.volumes ?? []) {
        const [source = ''] = String(volume).split(':');
        if (source.startsWith('/')) continue;
        if (source.startsWith('.'))
          expect([source, source === './tls' || existsSync(join(deploy, source))]).toEqual([source, true]);
        else expect(volumes).toHaveProperty(source);
      }
      if (service.build === undefined) continue;
      expect(existsSync(resolve(deploy, service.build.context, service.build.dockerfile))).toBe(true);
    }
  });

  test('gives what runs more time to end than the server takes, and no more rights than it needs', () => {
    const own = all.filter(({ build }) => build !== undefined);
    expect(own.length).toBeGreaterThan(0);
    for (const { stop_grace_period: grace, cap_drop, read_only, init } of own) {
      expect(Number.parseInt(grace, 10)).toBeGreaterThan(30);
      expect({ cap_drop, read_only, init }).toEqual({ cap_drop: ['ALL'], read_only: true, init: true });
    }
  });
});

describe('figures', () => {
  let known: ReadonlyMap<string, readonly string[]>;
  let server: AppServer;
  beforeAll(async () => {
    server = await startAppServer();
    const answer = await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${alice}` } });
    known = new Map(figuresOf(await answer.text()).map(({ name, labels }) => [name, labels]));
  });
  afterAll(() => server.close());

  test.each(['alerts.yaml', 'grafana.json'])('of %s exist', (file) => {
    const named = [...read(file).matchAll(/\b(?:inkwire|process|nodejs)_[a-z_]+\b/g)].map(([name]) => name);
    expect(named.length).toBeGreaterThan(10);
    const bases = named.map((name) => name.replace(/_(bucket|sum|count)$/, ''));
    expect([...new Set(bases)].filter((name) => !known.has(name))).toEqual([]);
  });

  test('of the dashboard are asked of the source that is chosen, and no two panels lie over each other', () => {
    const { panels }: Document = JSON.parse(read('grafana.json'));
    const taken = new Set<string>();
    for (const { gridPos: at, type, targets = [] } of panels) {
      expect(type === 'row' || targets.length > 0).toBe(true);
      for (let x = at.x; x < at.x + at.w; x += 1) {
        for (let y = at.y; y < at.y + at.h; y += 1) {
          expect(taken.has(`${x}:${y}`)).toBe(false);
          taken.add(`${x}:${y}`);
        }
      }
      for (const { datasource } of targets) expect(datasource.uid).toMatch(/^\$\{source\}$/);
    }
  });
});

describe.skipIf(without('promtool'))('Prometheus', () => {
  const promtool = (...args: readonly string[]): string => {
    const { status, stdout, stderr } = spawnSync('promtool', args, { encoding: 'utf8', cwd: root });
    return `${status} ${stdout}${stderr}`;
  };

  test('takes its configuration and the alerts', () => {
    expect(promtool('check', 'config', 'deploy/prometheus.yaml')).toMatch(/^0 /);
    expect(promtool('check', 'rules', 'deploy/alerts.yaml')).toMatch(/^0 /);
  });

  test('raises alerts when it should, and not before', () => {
    expect(promtool('test', 'rules', 'test/deploy/alerts.test.yaml')).toMatch(/^0 /);
  });

  test('takes the questions of the dashboard', () => {
    const { panels }: Document = JSON.parse(read('grafana.json'));
    const questions: readonly string[] = panels.flatMap(({ targets = [] }: Document) =>
      targets.map(({ expr }: Document) => expr.replaceAll('$__rate_interval', '1m')),
    );
    const rules = questions.map((expr, n) => ({ record: `panel:${n}`, expr }));
    const path = join(scratch, 'panels.json');
    writeFileSync(path, JSON.stringify({ groups: [{ name: 'panels', rules }] }));
    expect(promtool('check', 'rules', path)).toMatch(/^0 /);
  });
});

describe.skipIf(without('systemd-analyze')).each(units)('systemd and %s', (file) => {
  // The program is not installed here, and neither are the user and the settings.
  const text = read(file)
    .replace(/^ExecStart=\S+ \S+/m, `ExecStart=${process.execPath} ${join(root, 'package.json')}`)
    .replace(/^(User|Group)=.*$/gm, '$1=root')
    .replace(/^Documentation=.*$/m, '');
  const name = file.replace('systemd/', '');
  const path = join(scratch, name.replace('@', '@a-8080'));
  writeFileSync(path, text);

  test('it has nothing against it', () => {
    const { stderr, status } = spawnSync('systemd-analyze', ['verify', '--man=no', path], {
      encoding: 'utf8',
    });
    expect(
      `${status} ${stderr
        .split('\n')
        .filter((line) => line.includes(name.replace('@', '@a-8080')))
        .join('\n')}`,
    ).toBe('0 ');
  });

  test('it is well walled in', () => {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', '--no-pager', path], {
      encoding: 'utf8',
    });
    const [, exposure = ''] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    expect(Number(exposure)).toBeLessThan(3);
    expect(Number(exposure)).toBeGreaterThan(0);
  });

  test('it gives what runs more time to end than the server takes', () => {
    expect(Number(/^TimeoutStopSec=(\d+)$/m.exec(text)?.[1])).toBeGreaterThan(30);
  });
});

test.skipIf(without('nginx'))('nginx takes its configuration', () => {
  const [certificate, key] = [join(scratch, 'tls.crt'), join(scratch, 'tls.key')];
  execFileSync(
    'openssl',
    [
      ...[
        'req',
        '-x509',
        '-newkey',
        'ec',
        '-pkeyopt',
        'ec_paramgen_curve:prime256v1',
        '-nodes',
        '-subj',
        '/CN=localhost',
      ],
      ...['-keyout', key, '-out', certificate],
    ],
    { stdio: 'ignore' },
  );
  const site = read('nginx.conf.template')
    .replace(/\$\{INKWIRE_UPSTREAM\}/g, 'inkwire')
    .replaceAll('/etc/nginx/tls', scratch)
    // Debian's is older than the image: it has HTTP/2 as a word of `listen`.
    .replace('listen 443 ssl;', 'listen 443 ssl http2;')
    .replace(/^ *http2 +on;$/m, '');
  expect(site).not.toMatch(/\$\{/);
  const path = join(scratch, 'nginx.conf');
  writeFileSync(path, `pid ${scratch}/pid; error_log stderr; events {} http { access_log off; ${site} }`);
  const nginx = commandOf('nginx') ?? 'nginx';
  const { status, stderr } = spawnSync(nginx, ['-t', '-c', path, '-p', scratch], { encoding: 'utf8' });
  expect(`${status} ${stderr}`).toMatch(/^0 /);
});

describe.skipIf(withoutNats)('NATS', () => {
  // A variable of its environment is the password there.
  const nats = useNats(read('nats.conf').replace('$NATS_PASSWORD', 'secret'));

  test('takes its configuration, and lets nodes do what they have to', async () => {
    const url = nats().url.replace('//', '//inkwire:secret@');
    const [server = ''] = addressesOf(url);
    expect(await inspectFanout(url, server)).toMatchObject({ denied: undefined });
    await expect(inspectFanout(url.replace('secret', 'wrong'), server)).rejects.toThrow();
  });
});

describe.each(manifests)('%s', (file) => {
  const documents: readonly Document[] = parseAllDocuments(read(file)).map((one) => one.toJS());
  const workloads = documents.filter(({ kind }) => kind !== 'Service');

  test('selects the pods that it makes, and sends requests to one of them', () => {
    const labelsOf = workloads.map(({ spec }) => spec.template.metadata.labels);
    for (const [n, { spec }] of workloads.entries())
      expect(labelsOf[n]).toMatchObject(spec.selector.matchLabels);
    for (const { spec } of documents.filter(({ kind }) => kind === 'Service')) {
      expect(labelsOf).toContainEqual(expect.objectContaining(spec.selector));
    }
  });

  test('asks the probes, walls the pod in, and lets it end', () => {
    for (const { spec } of workloads) {
      const { containers, volumes = [], securityContext, terminationGracePeriodSeconds } = spec.template.spec;
      const [container] = containers;
      expect(terminationGracePeriodSeconds).toBeGreaterThan(30);
      expect(securityContext.runAsNonRoot).toBe(true);
      expect(container.readinessProbe.httpGet.path).toBe('/readyz');
      expect(container.livenessProbe.httpGet.path).toBe('/healthz');
      expect(container.securityContext.readOnlyRootFilesystem).toBe(true);
      const made = [
        ...volumes,
        ...(spec.volumeClaimTemplates ?? []).map(({ metadata }: Document) => metadata),
      ];
      for (const { name } of container.volumeMounts)
        expect(made.map((volume) => volume.name)).toContain(name);
    }
  });
});
