import { spawnSync } from 'node:child_process';
import { chownSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { footprintOf } from '../../src/render/program-watch.js';
import { linkedImage, openCanaries } from '../helpers/canaries.js';
import { withoutFfmpeg } from '../helpers/image-files.js';
import { docx, openDocument, withoutOffice } from '../helpers/office-files.js';
import { eventually } from '../helpers/real-time.js';
import { type RunningServer, startServer } from '../helpers/server.js';
import { video } from '../helpers/video-files.js';
import { aliveWith } from '../render/programs-fixture.js';

/** The programs of previews, whoever the server's user is: the sandbox takes other ways for root than for anybody else. */

const nobody = 65_534;
const asNobody = ['setpriv', `--reuid=${nobody}`, `--regid=${nobody}`, '--clear-groups'];

interface User {
  readonly name: string;
  readonly under: readonly string[];
}

/** Only root may become somebody else. */
const users: readonly User[] = [
  { name: process.getuid?.() === 0 ? 'root' : 'the user of the tests', under: [] },
  ...(process.getuid?.() === 0 ? [{ name: 'nobody', under: asNobody }] : []),
];

/** CI has all of it, and fails where it does not work. */
function isWithout({ under }: User): boolean {
  if (process.platform !== 'linux' || withoutOffice || withoutFfmpeg) return true;
  const [command = '', ...args] = [...under, 'bwrap', '--unshare-all', '--ro-bind', '/', '/', 'true'];
  return process.env.CI !== 'true' && spawnSync(command, args).status !== 0;
}

describe.each(users)('previews by programs, the server being of $name', (user) => {
  const test = it.skipIf(isWithout(user));
  let folder: string;
  let server: RunningServer;
  beforeEach(async () => {
    folder = mkdtempSync(join(tmpdir(), 'inkwire-users-'));
    if (user.under.length > 0) chownSync(folder, nobody, nobody);
    const env = { INKWIRE_WORKERS: '2', INKWIRE_OFFICE_LISTENERS: '1' };
    server = await startServer({ dataDir: folder, under: user.under, env });
  });
  afterEach(async () => {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  });

  const preview = async (bytes: Uint8Array): Promise<string> => {
    const body = JSON.stringify({ input: Buffer.from(bytes).toString('base64'), output_format: 'png' });
    const headers = { 'content-type': 'application/json' };
    const answer = await fetch(`${server.url}/preview`, { method: 'POST', headers, body });
    const { message } = (await answer.json()) as { readonly message: string };
    return `${answer.status} ${message}`;
  };
  const made = '200 Preview generated successfully';
  const offices = () => footprintOf(server.pid, 10_000).pids.filter((pid) => nameOf(pid) === 'soffice.bin');

  test('draws documents and videos, and reads and asks nothing beside them', async () => {
    const { links, asked, readAt, close } = await openCanaries(folder);
    const before = readAt();
    const linked = openDocument('text', `<text:p>${links.map(linkedImage).join('')}</text:p>`);
    // The second document is read by an office that was kept started.
    for (const file of [docx('a'), linked, linked, video('mp4'), video('webm')])
      expect(await preview(file)).toBe(made);
    expect(asked).toEqual([]);
    expect(readAt()).toBe(before);
    // It would be heard.
    await fetch(links[0]);
    expect(asked).toEqual(['/canary.png']);
    await close();
  });

  test('leaves no process of a task that is cancelled', async () => {
    const { job, working } = await slowDocument();
    await fetch(`${server.url}/api/v1/jobs/${job}/cancel`, { method: 'POST' });
    await eventually('it is gone', () => !working.some((pid) => existsSync(`/proc/${pid}`)));
  });

  test('leaves none when the server is killed', async () => {
    await preview(docx('a'));
    await eventually('one is kept started', () => offices().length > 0);
    const { working } = await slowDocument();
    await server.kill();
    await eventually('they are gone', () => !working.some((pid) => existsSync(`/proc/${pid}`)));
    await eventually('and what watched over them', () => aliveWith(folder).length === 0);
  });

  /** A document that is being read for a long time, and the processes that may be at it. */
  async function slowDocument(): Promise<{ readonly job: string; readonly working: readonly number[] }> {
    const slow = openDocument('text', `<text:p>${'a word '.repeat(60)}</text:p>`.repeat(9_000));
    const form = new FormData();
    form.set('kind', 'preview');
    form.set('input', new Blob([new Uint8Array(slow)]));
    const answer = await fetch(`${server.url}/api/v1/jobs`, { method: 'POST', body: form });
    const { data } = (await answer.json()) as { readonly data: { readonly job_id: string } };
    const spent = new Map(offices().map((pid) => [pid, ticksOf(pid)]));
    await eventually('it is read', () =>
      offices().some((pid) => ticksOf(pid) > (spent.get(pid) ?? 0) + atWork),
    );
    return { job: data.job_id, working: offices() };
  }
});

/** Hundredths of a second of CPU: more than an office that is kept started and idle takes. */
const atWork = 10;

function ticksOf(pid: number): number {
  const stat = readOr(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function nameOf(pid: number): string {
  return readOr(`/proc/${pid}/comm`).trim();
}

/** Processes come and go while they are read. */
function readOr(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}
