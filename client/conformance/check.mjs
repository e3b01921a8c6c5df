#!/usr/bin/env node
/**
 * Checks a client, in whatever language, against a server that runs, through a network that cuts its connections:
 *
 *     node client/conformance/check.mjs [--cuts 20] [--batch 50] [--seed N] -- python3 client/python/conformance.py
 *
 * The command is a small program around the client, as README.md beside this file says. The server is that of INKWIRE_URL
 * (and INKWIRE_KEY), `http://127.0.0.1:8080` without. Exits with 0 when all holds.
 */
import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { connect, createServer } from 'node:net';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';

const server = new URL(process.env.INKWIRE_URL ?? 'http://127.0.0.1:8080');
const key = process.env.INKWIRE_KEY;
const { values, positionals } = parseArgs({
  options: {
    cuts: { type: 'string', default: '20' },
    batch: { type: 'string', default: '50' },
    seed: { type: 'string' },
  },
  allowPositionals: true,
});
const [program, ...words] = positionals;
if (program === undefined) {
  console.error('Give the command of the program: check.mjs -- python3 conformance.py');
  process.exit(2);
}

/** xorshift32: the same seed cuts at the same bytes. */
let state = Number(values.seed ?? randomInt(1, 2 ** 31));
const seed = state;
const below = (/** @type {number} */ bound) => {
  state ^= state << 13;
  state ^= state >>> 17;
  state ^= state << 5;
  return (state >>> 0) % bound;
};

const weather = 'event: weather\ndata: {"rain":true}\n\n';

/** TCP between the client and the server; cuts connections after so many bytes of answers. */
class CuttingProxy {
  cuts = 0;
  /** Bytes after which each of the connections to come is cut; none when it is empty. @type {number[]} */
  plan = [];
  /** Event streams tell of something that no client knows, too (P-60). */
  weather = false;
  /** @type {Set<import('node:net').Socket>} */
  #sockets = new Set();
  #server = createServer((near) => {
    const far = connect(Number(server.port || 80), server.hostname);
    let left = this.plan.shift() ?? Number.POSITIVE_INFINITY;
    let isStream = false;
    for (const socket of [near, far]) {
      this.#sockets.add(socket);
      socket
        .on('error', () => undefined)
        .on('close', () => {
          this.#sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
    }
    near.pipe(far);
    far.on('data', (bytes) => {
      if (bytes.length < left) {
        left -= bytes.length;
        if (!near.write(bytes)) far.pause();
        isStream ||= this.weather && /content-type: text\/event-stream/i.test(bytes.toString('latin1'));
        if (isStream && bytes.subarray(-2).toString() === '\n\n') near.write(weather);
        return;
      }
      this.cuts += 1;
      far.pause();
      near.write(bytes.subarray(0, left), () => near.destroy());
    });
    near.on('drain', () => far.resume());
  });

  async listen() {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('A port was awaited');
    return `http://127.0.0.1:${address.port}`;
  }

  /** Cuts all that are open. */
  cutAll() {
    this.cuts += 1;
    for (const socket of this.#sockets) socket.destroy();
  }

  close() {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }
}

/** The program: commands go in and lines come out, each with the number of its command. */
class Driver {
  #child;
  #number = 0;
  /** @type {Map<number, { lines: any[], wake: () => void }>} */
  #open = new Map();
  /** @type {string | undefined} */
  #ended;

  /** @param {string} url */
  constructor(url) {
    this.#child = spawn(program ?? '', words, {
      env: { ...process.env, INKWIRE_URL: url },
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    this.#child.stdin.on('error', () => undefined);
    this.#child.on('error', (error) => this.#end(error.message));
    this.#child.on('exit', (code, signal) => this.#end(`it has ended (${code ?? signal})`));
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      const told = JSON.parse(line);
      const open = this.#open.get(told.id);
      open?.lines.push(told);
      open?.wake();
    });
  }

  /** @param {string} why */
  #end(why) {
    this.#ended = why;
    for (const { wake } of this.#open.values()) wake();
  }

  /**
   * Lines of one command, up to the one with `end`.
   * @param {object} command
   */
  send(command) {
    this.#number += 1;
    const id = this.#number;
    const open = { lines: /** @type {any[]} */ ([]), wake: () => {} };
    this.#open.set(id, open);
    this.#child.stdin.write(`${JSON.stringify({ id, ...command })}\n`);
    const next = async () => {
      while (open.lines.length === 0) {
        if (this.#ended !== undefined) throw new Error(`The program is gone: ${this.#ended}`);
        await new Promise((resolve) => {
          open.wake = () => resolve(undefined);
        });
      }
      return open.lines.shift();
    };
    const lines = async function* () {
      for (;;) {
        const line = await next();
        yield line;
        if (line.end) return;
      }
    };
    return { id, lines: lines() };
  }

  /** @param {object} command whose answer is one line */
  async ask(command) {
    for await (const line of this.send(command).lines) return line;
  }

  close() {
    this.#child.stdin.end();
  }
}

/**
 * Straight to the server: what is true.
 * @param {string} path
 */
async function truth(path) {
  const answer = await fetch(new URL(path, server), {
    headers: key ? { authorization: `Bearer ${key}` } : {},
  });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return /** @type {any} */ (await answer.json()).data;
}

/** @param {string} group */
async function jobsOf(group) {
  const jobs = [];
  let cursor = '';
  do {
    const page = await truth(`/api/v1/jobs?group=${group}&limit=100${cursor}`);
    jobs.push(...page.jobs);
    cursor = page.next_cursor === undefined ? '' : `&cursor=${encodeURIComponent(page.next_cursor)}`;
  } while (cursor !== '');
  return jobs;
}

/** @param {boolean} holds @param {string} what */
function must(holds, what) {
  if (!holds) throw new Error(what);
}

const group = `conformance-${randomBytes(6).toString('hex')}`;
const document = (/** @type {string} */ text, rows = 0) => ({
  group,
  operations: [
    { type: 'add_text', text },
    ...(rows === 0
      ? []
      : [{ type: 'add_table', rows: Array.from({ length: rows }, (_, n) => [`${n}`, text]) }]),
  ],
});

const proxy = new CuttingProxy();
const driver = new Driver(await proxy.listen());

/** @param {any[]} events of one job */
function inOrder(events) {
  const revs = events.filter(({ id }) => id !== undefined).map(({ job }) => job.rev);
  return revs.every((rev, n) => n === 0 || rev === revs[n - 1] + 1);
}

/** @type {Readonly<Record<string, () => Promise<string>>>} */
const checks = {
  async 'a job is submitted, watched and downloaded'() {
    const { job } = await driver.ask({ do: 'submit', request: document('A first one', 400) });
    const events = [];
    for await (const { event, end } of driver.send({ do: 'watch', job }).lines) if (!end) events.push(event);
    must(events.at(-1)?.type === 'job.completed', 'the watch ends with job.completed');
    must(inOrder(events), 'rev grows by one from fact to fact');
    const { sha256 } = await driver.ask({ do: 'download', job_id: job.job_id });
    const record = await truth(`/api/v1/jobs/${job.job_id}`);
    must(sha256 === record.artifacts[0].sha256, 'the bytes are those of the server');
    return `${events.length} events`;
  },

  async 'a request that is refused is an error with its slug and place, and no job'() {
    const { error } = await driver.ask({ do: 'submit', request: { operations: [{ type: 'nope' }] } });
    must(error?.slug === 'validation-failed' && error.status === 422, `got ${JSON.stringify(error)}`);
    must(JSON.stringify(error).includes('/operations/0/type'), 'the place is told');
    return error.slug;
  },

  async 'a job that is not there is an error'() {
    const { error } = await driver.ask({ do: 'download', job_id: 'job_000000000000000000000000' });
    must(error?.slug === 'not-found' && error.status === 404, `got ${JSON.stringify(error)}`);
    return error.slug;
  },

  async 'a submit whose answer is lost makes one job'() {
    const reference = randomBytes(8).toString('hex');
    // In its status line, in its headers, and before its last byte.
    for (const [n, bytes] of [1, 90, 700].entries()) {
      proxy.cutAll();
      proxy.plan = [bytes];
      const { job } = await driver.ask({
        do: 'submit',
        request: { ...document('Once'), reference: `${reference}-${n}` },
      });
      const { jobs } = await truth(`/api/v1/jobs?reference=${reference}-${n}`);
      must(
        jobs.length === 1 && jobs[0].job_id === job?.job_id,
        `${jobs.length} jobs after a cut at byte ${bytes}`,
      );
    }
    proxy.plan = [];
    return '3 answers lost';
  },

  async 'a feed of many jobs misses and repeats nothing, whatever is cut'() {
    const cuts = Number(values.cuts);
    const feed = driver.send({ do: 'follow', topics: [`group:${group}-feed`], after: null });
    const target = 40;
    const before = proxy.cuts;
    /** @type {Map<string, any[]>} */
    const seen = new Map();
    /** Also those that a snapshot says have ended: it stands for their facts. @type {Set<string>} */
    const ended = new Set();
    const note = (/** @type {any} */ { job_id: id, status }) =>
      ['completed', 'failed', 'cancelled'].includes(status) && ended.add(id);
    let resets = 0;
    /** @type {any} */
    let last;
    let begun = () => {};
    /** Until its first snapshot has come, a feed may say of what happens by a snapshot instead of facts. */
    const hasBegun = new Promise((resolve) => {
      begun = () => resolve(undefined);
    });
    const reading = (async () => {
      for await (const line of feed.lines) {
        if (line.end) last = line;
        if (line.event?.type === 'reset') resets += 1;
        for (const job of line.event?.jobs ?? []) note(job);
        if (line.end || line.event?.type === 'snapshot') begun();
        if (line.event?.id === undefined || line.event.job === undefined) continue;
        const { job_id: id } = line.event.job;
        seen.set(id, [...(seen.get(id) ?? []), line.event]);
        note(line.event.job);
      }
    })();
    await hasBegun;
    const { job: first } = await driver.ask({
      do: 'submit',
      request: { ...document('The first'), group: `${group}-feed` },
    });
    // With a fact the feed has its cursor, too.
    while (!seen.has(first.job_id)) await new Promise((resolve) => setTimeout(resolve, 20));
    proxy.plan = Array.from({ length: cuts * 4 }, () => 200 + below(30_000));
    for (let n = 1; n < target; n += 1) {
      const answer = await driver.ask({
        do: 'submit',
        request: { ...document(`Number ${n}`, below(300)), group: `${group}-feed` },
      });
      must(answer.job !== undefined, `a submit failed: ${JSON.stringify(answer)}`);
      if (n % 4 === 0) proxy.cutAll();
    }
    while (ended.size < target || proxy.cuts - before < cuts) {
      await new Promise((resolve) => setTimeout(resolve, 20));
      if (proxy.cuts - before < cuts) proxy.cutAll();
      else proxy.plan = [];
    }
    await driver.ask({ do: 'close', feed: feed.id });
    await reading;
    const jobs = await jobsOf(`${group}-feed`);
    must(jobs.length === target, `${jobs.length} jobs of ${target}`);
    for (const { job_id: id } of jobs) {
      const { events } = await truth(`/api/v1/jobs/${id}/history`);
      const got = (seen.get(id) ?? []).map((event) => event.id);
      const ids = events.map((/** @type {any} */ event) => event.id);
      must(JSON.stringify(got) === JSON.stringify(ids), `${id}: got ${got}, and there were ${ids}`);
    }
    must(resets === 0, 'nothing was lost, and yet there was a reset');
    must(typeof last?.cursor === 'string', 'a feed that is closed tells its cursor');
    return `${proxy.cuts - before} cuts, ${[...seen.values()].flat().length} facts`;
  },

  async 'a feed goes on from a cursor that was kept, and gives nothing that a client does not know'() {
    proxy.weather = true;
    const { job } = await driver.ask({ do: 'submit', request: document('Kept') });
    const feed = driver.send({ do: 'follow', topics: [`group:${group}`], after: job.events_cursor });
    const got = [];
    for await (const { event, end } of feed.lines) {
      if (end) break;
      must(/^((job|group)\.|snapshot$|reset$)/.test(event.type), `an event is ${JSON.stringify(event)}`);
      if (event.id === undefined || event.job?.job_id !== job.job_id) continue;
      got.push(event);
      if (event.type === 'job.completed') await driver.ask({ do: 'close', feed: feed.id });
    }
    must(got[0]?.job.rev === 2 && inOrder(got), `revs ${got.map((event) => event.job.rev)}`);
    return `${got.length} facts`;
  },

  async 'a cursor of another server is told as a reset, with what there is'() {
    const { job } = await driver.ask({ do: 'submit', request: document('After a reset') });
    const feed = driver.send({
      do: 'follow',
      topics: [`group:${group}`],
      after: '0123456789abcdef-1.zzzzzzzz',
    });
    const types = [];
    let hasJob = false;
    for await (const { event, end } of feed.lines) {
      if (end) break;
      if (event.type !== 'job.progress') types.push(event.type);
      if (event.type === 'snapshot')
        hasJob ||= event.jobs.some((/** @type {any} */ one) => one.job_id === job.job_id);
      if (event.type === 'snapshot' && !event.more) await driver.ask({ do: 'close', feed: feed.id });
    }
    must(types[0] === 'reset' && types[1] === 'snapshot', `got ${types}`);
    must(hasJob, 'the snapshot has the job');
    return types.slice(0, 2).join(', ');
  },

  async 'a download that is cut goes on, and its digest holds'() {
    const noise = randomBytes(600_000).toString('base64');
    const request = { ...document('Large'), attachments: [{ name: 'noise.bin', content: noise }] };
    const { job, error } = await driver.ask({ do: 'submit', request });
    must(error === undefined, JSON.stringify(error));
    for await (const _ of driver.send({ do: 'watch', job }).lines);
    proxy.cutAll();
    const before = proxy.cuts;
    proxy.plan = [100, 50_000, 200_000, 100_000];
    const { sha256, size } = await driver.ask({ do: 'download', job_id: job.job_id });
    const record = await truth(`/api/v1/jobs/${job.job_id}`);
    must(sha256 === record.artifacts[0].sha256, 'the bytes are those of the server');
    return `${size} bytes, ${proxy.cuts - before} cuts`;
  },

  async 'a batch makes each of its documents, and tells which is refused'() {
    const requests = Array.from({ length: Number(values.batch) }, (_, n) =>
      n === 17 ? { operations: 'none' } : { ...document(`Of a batch, ${n}`), group: `${group}-batch` },
    );
    proxy.plan = Array.from({ length: 6 }, () => below(900));
    const outcomes = new Map();
    for await (const line of driver.send({ do: 'batch', requests }).lines)
      if (!line.end) outcomes.set(line.index, line);
    proxy.plan = [];
    must(outcomes.size === requests.length, `${outcomes.size} outcomes`);
    must(outcomes.get(17).error?.slug === 'validation-failed', 'the wrong one is refused');
    const made = [...outcomes.values()].filter(({ job }) => job?.status === 'completed');
    must(made.length === requests.length - 1, `${made.length} completed`);
    const jobs = await jobsOf(`${group}-batch`);
    must(jobs.length === made.length, `${jobs.length} jobs for ${made.length} requests`);
    return `${made.length} made`;
  },
};

let failed = 0;
console.log(`seed ${seed}`);
for (const [name, check] of Object.entries(checks)) {
  try {
    console.log(`ok      ${name}: ${await check()}`);
  } catch (error) {
    failed += 1;
    console.log(`FAILED  ${name}: ${error instanceof Error ? error.message : error}`);
  }
  proxy.plan = [];
  proxy.weather = false;
}
driver.close();
proxy.close();
console.log(
  failed === 0 ? 'all hold' : `${failed} of ${Object.keys(checks).length} do not hold (seed ${seed})`,
);
process.exit(failed === 0 ? 0 : 1);
