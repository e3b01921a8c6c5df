import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { copyFile, mkdir, mkdtemp, open, readdir, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { makeReactPage, serveReactPage, useReactPage } from '../helpers/react-page.mjs';

/**
 * `npm run stranger`: the first hour of somebody who reads the README and two guides, and no source. A fresh clone of this
 * commit, its two commands, a React page of one's own on a bundler's development server that shows a document being made and then
 * the PDF, and 500 documents by the Python file. All packages come from the registry. Fails at the first thing that is not as
 * it is told.
 */
const root = fileURLToPath(new URL('../../', import.meta.url));
const count = Number(process.argv[2] ?? 500);
const folder = await mkdtemp(join(tmpdir(), 'inkwire-stranger-'));
const checkout = join(folder, 'inkwire');
const began = performance.now();
const closing = [];
const env = { ...process.env, INKWIRE: checkout };

try {
  run('git', ['clone', '--quiet', root, checkout], folder);
  tell('cloned');
  run('npm', ['ci', '--no-audit', '--no-fund'], checkout);
  tell('npm ci');
  const url = await start();
  tell(`npm start: ready at ${url}`);

  await makeReactPage({ folder, url, env });
  tell('the React project, installed');
  const vite = await serveReactPage({ project: join(folder, 'my-page'), env });
  closing.push(() => vite.close());
  const { chromium } = createRequire(join(checkout, 'package.json'))('playwright-core');
  const executablePath = ['/usr/bin/chromium-headless-shell', '/usr/bin/chromium'].find(existsSync);
  const browser = await chromium.launch({ executablePath, args: ['--headless', '--no-sandbox'] });
  closing.push(() => browser.close());
  const { seen, begin } = await useReactPage(await browser.newPage(), vite.address);
  if (begin !== '%PDF-' || seen.length < 2)
    throw new Error(`The page showed ${JSON.stringify(seen)}, ${begin}`);
  tell(`the page showed ${seen.length} steps ("${seen.at(-2)}", "${seen.at(-1)}"), then the PDF`);

  const batch = join(folder, 'python');
  await mkdir(batch);
  await copyFile(join(checkout, 'client/python/inkwire.py'), join(batch, 'inkwire.py'));
  await copyFile(join(checkout, 'docs/examples/batch.py'), join(batch, 'batch.py'));
  run('python3', ['batch.py', `${count}`], batch, { ...process.env, INKWIRE_URL: url });
  const made = await readdir(join(batch, 'invoices'));
  for (const name of made) {
    const file = await open(join(batch, 'invoices', name));
    const { buffer } = await file.read(Buffer.alloc(5), 0, 5, 0);
    await file.close();
    if (buffer.toString() !== '%PDF-') throw new Error(`${name} is no PDF`);
  }
  if (made.length !== count) throw new Error(`${made.length} files of ${count}`);
  tell(`Python: ${count} PDFs saved`);
} finally {
  for (const close of closing.reverse()) await close();
  await rm(folder, { recursive: true, force: true });
}

function tell(what) {
  console.log(`${((performance.now() - began) / 1000).toFixed(1).padStart(7)} s  ${what}`);
}

function run(command, args, cwd, environment = process.env) {
  const { status, stdout, stderr, error } = spawnSync(command, args, {
    cwd,
    env: environment,
    encoding: 'utf8',
  });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
}

/** `npm start`, on a free port with data of its own. */
async function start() {
  const port = await freePort();
  const data = { INKWIRE_PORT: `${port}`, INKWIRE_DATA_DIR: join(folder, 'data') };
  const child = spawn('npm', ['start'], { cwd: checkout, env: { ...process.env, ...data }, detached: true });
  const ended = once(child, 'close');
  closing.push(async () => {
    // npm starts others.
    process.kill(-child.pid);
    await ended;
  });
  let words = '';
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes) => {
        words += bytes;
        const found = /Inkwire is ready: (http:\/\/\S+?)\/\s/.exec(words)?.[1];
        if (found !== undefined) resolve(found);
      });
    child.once('close', () => reject(new Error(`npm start ended:\n${words}`)));
  });
}

async function freePort() {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address();
  server.close();
  await once(server, 'close');
  return port;
}
