import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';

/** docs/guides/react-page.md, followed: by the suite with what is installed here, by `npm run stranger` with what npm brings. */
const guide = new URL('../../docs/guides/react-page.md', import.meta.url);

/**
 * Makes the project of the guide.
 * @param url of the server, in the place of the one that the guide names
 * @param env of the commands; `INKWIRE` is the checkout
 * @returns the folder of the project, beside the one that is given
 */
export async function makeReactPage({ folder, url, env }) {
  const text = await readFile(guide, 'utf8');
  const blocks = [...text.matchAll(/(<!-- .+ -->\n)?```sh\n([\s\S]*?)```/g)];
  const script = blocks
    .filter(([, mark]) => mark === undefined)
    .map(([, , code]) => code)
    .join('\n')
    .replaceAll('http://127.0.0.1:8080', url);
  const shell = spawn('bash', ['-euo', 'pipefail', '-c', script], { cwd: folder, env });
  const said = collect(shell);
  const [code] = await once(shell, 'close');
  if (code !== 0) throw new Error(`The guide's commands ended with ${code}:\n${said()}`);
}

/** Its development server, on a free port. @returns its address, and how it is ended */
export async function serveReactPage({ project, env }) {
  const args = ['vite', '--host', 'localhost', '--port', '0', '--clearScreen', 'false'];
  const child = spawn('npx', args, { cwd: project, env: { ...env, NO_COLOR: '1' }, detached: true });
  const said = collect(child);
  const ended = once(child, 'close');
  const address = await new Promise((resolve, reject) => {
    child.stdout.on('data', () => {
      const found = /Local: +(http:\/\/\S+)/.exec(said())?.[1];
      if (found !== undefined) resolve(found);
    });
    child.once('close', (code) => reject(new Error(`vite ended with ${code}:\n${said()}`)));
  });
  return {
    address,
    async close() {
      // npx starts others.
      process.kill(-child.pid);
      await ended;
    },
  };
}

/**
 * What a person sees there: a bar with pages that goes on, and then the PDF.
 * @param page of playwright
 * @returns the words of the bar, each once, and how the file begins
 */
export async function useReactPage(page, address) {
  await page.goto(address);
  await page.evaluate(`
    globalThis.seen = [];
    new MutationObserver(() => {
      const words = document.querySelector('[role=status]')?.textContent ?? '';
      if (words !== '' && seen.at(-1) !== words) seen.push(words);
    }).observe(document.body, { subtree: true, childList: true, characterData: true, attributes: true });
  `);
  await page.getByRole('button', { name: 'Make the stock list' }).click();
  await page.locator('iframe[title="Stock list"]').waitFor({ timeout: 120_000 });
  const begin = await page.evaluate(
    `fetch(document.querySelector('iframe').src).then((answer) => answer.text()).then((text) => text.slice(0, 5))`,
  );
  return { seen: await page.evaluate('seen'), begin };
}

function collect(child) {
  let words = '';
  for (const stream of [child.stdout, child.stderr])
    stream.on('data', (bytes) => (words += bytes.toString()));
  return () => words;
}
