import { spawn, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fetchNode } from '../helpers/other-node.mjs';

/**
 * `npm run packages [20 22 24]`: the three packages as npm packs them, each installed from the registry into an empty
 * project by each Node, without a warning; and then used there. The suite has the same for the Node that it runs on, without
 * a network.
 */
const versions = process.argv.length > 2 ? process.argv.slice(2) : ['20', '22', '24', '26'];
const root = fileURLToPath(new URL('../../', import.meta.url));
const npm = realpathSync(spawnSync('which', ['npm'], { encoding: 'utf8' }).stdout.trim());
const folder = mkdtempSync(join(tmpdir(), 'inkwire-packages-'));
const own = process.versions.node.split('.')[0];

const letter = { operations: [{ type: 'add_text', text: 'Hello' }] };
/** What is done with each, by a program in its project. `INKWIRE_URL` is a server of the package itself. */
const uses = {
  inkwire: `
    import { Inkwire } from 'inkwire/client';
    const inkwire = new Inkwire({ url: process.env.INKWIRE_URL });
    const { job } = await inkwire.make(${JSON.stringify(letter)});
    if (job.pages !== 1) throw new Error(JSON.stringify(job));
    inkwire.close();`,
  '@inkwire/client': `
    import { Inkwire } from '@inkwire/client';
    const inkwire = new Inkwire({ url: process.env.INKWIRE_URL });
    const { job_id, events_cursor: after } = await inkwire.submit(${JSON.stringify(letter)});
    const types = [];
    for await (const { type } of inkwire.watch(job_id, { after })) types.push(type);
    if (types.at(-1) !== 'job.completed') throw new Error(types.join());
    inkwire.close();`,
  '@inkwire/mcp': `
    import { spawn } from 'node:child_process';
    const bin = new URL('node_modules/.bin/inkwire-mcp', 'file://' + process.cwd() + '/').pathname;
    const child = spawn(process.execPath, [bin], { stdio: ['pipe', 'pipe', 'inherit'] });
    const send = (message) => child.stdin.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
    const clientInfo = { name: 'check', version: '0' };
    send({ id: 1, method: 'initialize', params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo } });
    let said = '';
    for await (const chunk of child.stdout) {
      said += chunk;
      if (said.includes('"id":1,') && !said.includes('"id":2')) {
        send({ method: 'notifications/initialized' });
        send({ id: 2, method: 'tools/list' });
      }
      if (said.includes('make_document')) break;
    }
    if (!said.includes('make_document')) throw new Error(said);
    child.stdin.end();
    child.kill();`,
};

let server;
try {
  const files = Object.fromEntries(
    ['.', './client', './client/mcp'].map((where) => {
      const args = ['pack', where, '--json', '--ignore-scripts', '--pack-destination', folder];
      const [{ name, filename }] = JSON.parse(said('npm', args, root));
      return [name, join(folder, filename)];
    }),
  );
  for (const version of versions) {
    const bin = version === own ? undefined : fetchNode(version, join(folder, `node-${version}`));
    const node = bin === undefined ? process.execPath : join(bin, 'node');
    const env = { ...process.env, PATH: `${bin ?? ''}${delimiter}${process.env.PATH}` };
    for (const [name, program] of Object.entries(uses)) {
      const project = join(folder, `${version}-${name.replace(/\W/g, '-')}`);
      mkdirSync(project);
      writeFileSync(join(project, 'package.json'), '{"name":"empty","version":"1.0.0","type":"module"}');
      const began = performance.now();
      const install = ['install', '--no-audit', '--no-fund', '--engine-strict', files[name]];
      const words = said(node, [npm, ...install], project, env);
      // A script that nobody needs is noted by newer versions of npm.
      if (/EBADENGINE|deprecated/.test(words)) throw new Error(`${name} on Node ${version}: ${words}`);
      const seconds = ((performance.now() - began) / 1000).toFixed(1);
      const size = said('du', ['-sm', 'node_modules'], project).split('\t')[0];
      if (name === 'inkwire') server = await serve(node, project, env);
      const url = { INKWIRE_URL: server.url };
      said(node, ['--input-type=module', '-e', program], project, { ...env, ...url });
      const added = /added \d+ packages?/.exec(words)?.[0];
      console.log(`ok  Node ${version}  ${name}: ${added}, ${size} MB, ${seconds} s`);
    }
    await server.stop();
    server = undefined;
  }
} finally {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** Both streams; throws where the program fails. */
function said(command, args, cwd, env = process.env) {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd, env, encoding: 'utf8' });
  if (error !== undefined) throw error;
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} ended with ${status}:\n${stdout}${stderr}`);
  // What npm packs is told on the one, its notes on the other.
  return args[0] === 'pack' ? stdout : stdout + stderr;
}

async function serve(node, project, env) {
  const data = { INKWIRE_PORT: '0', INKWIRE_DATA_DIR: join(project, 'data'), INKWIRE_WORKERS: '1' };
  const args = [join(project, 'node_modules/inkwire/dist/src/main.js'), 'serve'];
  const child = spawn(node, args, {
    cwd: project,
    env: { ...env, ...data },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  let words = '';
  const url = await new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk) => {
        words += chunk;
        const found = /Inkwire is ready: (http:\/\/\S+?)\/\s/.exec(words)?.[1];
        if (found !== undefined) resolve(found);
      });
    child.once('exit', () => reject(new Error(`The server ended: ${words}`)));
  });
  return {
    url,
    async stop() {
      child.kill();
      await ended;
    },
  };
}
