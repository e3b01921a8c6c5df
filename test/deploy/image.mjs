import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchNode } from '../helpers/other-node.mjs';

/**
 * `npm run image`: builds deploy/Dockerfile with buildah (as root), and has the image do what it is for: as a user without
 * rights, on a root that is read-only, with nothing to write to but its data. With `--own-base` the base image, of
 * which a registry of images has the real one, is made of Debian's packages (debootstrap) and npm's Node.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'inkwire-image-'));
const [, base = ''] =
  /^FROM (\S+) AS build$/m.exec(readFileSync(join(root, 'deploy/Dockerfile'), 'utf8')) ?? [];
const name = 'localhost/inkwire-check';
const env = {
  ...process.env,
  BUILDAH_ISOLATION: 'chroot',
  STORAGE_DRIVER: process.env.STORAGE_DRIVER ?? 'vfs',
};
const began = performance.now();
const made = [];
let container;

try {
  if (process.argv.includes('--own-base')) {
    makeBase();
    tell(`a stand-in for ${base}`);
  }
  const pull = process.argv.includes('--own-base') ? ['--pull-never'] : [];
  buildah('build', ...pull, '--format', 'docker', '-f', 'deploy/Dockerfile', '-t', name, '.');
  made.push(name);
  tell('built');
  container = said('buildah', ['from', '--pull-never', name]).trim();
  const image = said('buildah', ['mount', container]).trim();
  const { config } = JSON.parse(said('buildah', ['inspect', '--type', 'image', name])).Docker;
  must(config.User === 'node', `it runs as ${config.User}`);
  must(Object.hasOwn(config.Volumes, '/data'), 'its data are a volume');
  const size = (...paths) =>
    Number(said('du', ['-sxm', ...paths.map((path) => join(image, path))]).split('\t')[0]);
  tell(`${size('')} MB, of which the server takes ${size('app')} and Node's base the rest`);

  const data = join(image, 'data');
  const id = Number(said('stat', ['-c', '%u', data]));
  must(id === 1000, `/data belongs to ${id}`);
  await runs(image, config, 1000);
  // Any user may run it, who may write to the data.
  chownSync(data, 10_001, 10_001);
  rmSync(data, { recursive: true });
  mkdirSync(data);
  chownSync(data, 10_001, 10_001);
  await runs(image, config, 10_001);
} finally {
  if (container !== undefined) said('buildah', ['rm', container]);
  // It was made to be looked at, and takes a gigabyte.
  for (const image of made) said('buildah', ['rmi', '--force', image]);
  rmSync(folder, { recursive: true, force: true });
}

/** As `docker run --read-only --user UID --cap-drop ALL --security-opt no-new-privileges`. */
async function runs(image, config, uid) {
  const walled = `mount --make-rprivate / && mount --bind "$IMAGE" "$IMAGE" && mount --bind "$IMAGE/data" "$IMAGE/data"
    mount -t proc proc "$IMAGE/proc" && mount --rbind /dev "$IMAGE/dev" && mount -o remount,bind,ro "$IMAGE"
    exec setpriv --no-new-privs chroot --userspec=${uid}:${uid} --groups= "$IMAGE" "$@"`;
  const variables = Object.fromEntries(config.Env.map((one) => one.split(/=(.*)/s).slice(0, 2)));
  const own = {
    ...variables,
    INKWIRE_HOST: '127.0.0.1',
    INKWIRE_PORT: '0',
    INKWIRE_WORKERS: '2',
    IMAGE: image,
  };
  const command = [...config.Entrypoint, ...config.Cmd];
  const child = spawn('unshare', ['--mount', 'sh', '-ec', walled, 'sh', ...command], {
    env: { ...own, PATH: `${own.PATH}:/usr/sbin:/sbin` },
  });
  let words = '';
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        words += chunk;
        const found = /Inkwire is ready: (http:\/\/\S+?)\/\s/.exec(words)?.[1];
        if (found !== undefined) resolve(found);
      });
    child.once('exit', (code) => reject(new Error(`The server ended with ${code}:\n${words}`)));
  });
  const status = readFileSync(`/proc/${child.pid}/status`, 'utf8');
  must(status.includes(`Uid:\t${uid}\t${uid}\t${uid}\t${uid}`), 'it has another user');
  must(/^CapEff:\t0+$/m.test(status), 'it has rights');
  must(
    /^\S+ \/ \S+ ro[, ]/m.test(readFileSync(`/proc/${child.pid}/mounts`, 'utf8')),
    'its root can be written',
  );
  const answer = await fetch(`${url}/api/v1/render`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ operations: [{ type: 'add_text', text: 'Hello, 東京' }] }),
  });
  must(answer.headers.get('inkwire-warnings') === null, 'a font is missing');
  must((await answer.text()).startsWith('%PDF-'), 'it made no PDF');
  const [program, ...args] = config.Healthcheck.Test.slice(1);
  const port = new URL(url).port;
  const health = spawnSync('chroot', [image, program, ...args], { env: { ...own, INKWIRE_PORT: port } });
  must(health.status === 0, `its health is ${health.status}: ${health.stderr}`);
  const asked = performance.now();
  child.kill('SIGTERM');
  const [code] = await once(child, 'exit');
  tell(
    `user ${uid}, read-only: ready, healthy, a PDF; ended with ${code} in ${Math.round(performance.now() - asked)} ms`,
  );
  must(code === 0, words);
}

/** Debian's smallest system with Node and npm, as `base` is. */
function makeBase() {
  const system = join(folder, 'base');
  said('debootstrap', ['--variant=minbase', '--include=ca-certificates', 'bookworm', system]);
  const [, version] = /:(\d+)/.exec(base) ?? [];
  cpSync(join(fetchNode(version, join(folder, 'node')), 'node'), join(system, 'usr/local/bin/node'));
  const npm = dirname(dirname(realpathSync(said('which', ['npm']).trim())));
  cpSync(npm, join(system, 'usr/local/lib/node_modules/npm'), { recursive: true });
  for (const program of ['npm', 'npx'])
    symlinkSync(`../lib/node_modules/npm/bin/${program}-cli.js`, join(system, 'usr/local/bin', program));
  // What is trusted here, and where packages come from.
  const certificates = process.env.NODE_EXTRA_CA_CERTS ?? '';
  if (existsSync(certificates)) cpSync(certificates, join(system, 'etc/ssl/certs/ca-certificates.crt'));
  const registry = said('npm', ['config', 'get', 'registry']).trim();
  mkdirSync(join(system, 'usr/local/etc'), { recursive: true });
  const cafile = 'cafile=/etc/ssl/certs/ca-certificates.crt';
  writeFileSync(join(system, 'usr/local/etc/npmrc'), `registry=${registry}\n${cafile}\n`);
  said('chroot', [system, 'useradd', '--uid', '1000', '--user-group', '--create-home', 'node']);
  const scratch = said('buildah', ['from', 'scratch']).trim();
  said('buildah', ['add', '--quiet', scratch, system, '/']);
  const path = '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin';
  said('buildah', ['config', '--env', `PATH=${path}`, scratch]);
  said('buildah', ['commit', '--quiet', '--format', 'docker', scratch, `docker.io/library/${base}`]);
  said('buildah', ['rm', scratch]);
  made.push(`docker.io/library/${base}`);
}

function buildah(...args) {
  const { status } = spawnSync('buildah', args, { cwd: root, env, stdio: 'inherit' });
  if (status !== 0) throw new Error(`buildah ended with ${status}`);
}

function said(command, args) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd: root,
    env,
    encoding: 'utf8',
    maxBuffer: 2 ** 28,
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  return stdout;
}

function must(holds, what) {
  if (!holds) throw new Error(what);
}

function tell(what) {
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${what}`);
}
