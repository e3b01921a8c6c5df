import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { processCpuMs } from '../../kit/cpu.mjs';
import { dist } from '../../kit/server.mjs';
import { hasNats, startNats } from '../nats.mjs';
import { startPostgres } from '../postgres.mjs';
import { load, openNode, openQueue } from '../queues.mjs';

const owners = 1_000;

/**
 * What a gateway pays for facts: told of by the fan-out, of all owners or of a hundredth of them, and read from the
 * database. CPU of each process, which depends less on who else is busy than times do.
 * @param {import('../../kit/figure.mjs').Run} run
 * @returns {Promise<import('../../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const reading = await read(short ? 2_000 : 10_000);
  say(`read from the database: ${JSON.stringify(reading)}`);
  const us = /** @type {const} */ ('us');
  /** @type {import('../../kit/figure.mjs').Figure[]} */
  const figures = [
    { name: 'a commit of 3 facts that is read: gateway', value: reading.nodeUs, unit: us },
    { name: 'a commit of 3 facts that is read: database', value: reading.databaseUs, unit: us },
  ];
  if (!hasNats()) {
    say('the fan-out is left out: it needs nats-server (Debian)');
    return figures;
  }
  const nats = await startNats();
  try {
    const commits = short ? 2_000 : 20_000;
    for (const selected of [10, owners]) {
      const told = await tell(nats, commits, selected);
      say(`${selected} of ${owners} owners: ${JSON.stringify(told)}`);
      const share = `${selected} of ${owners} owners served`;
      figures.push(
        { name: `a commit of 3 facts, ${share}: gateway`, value: told.gatewayUs, unit: us },
        { name: `a commit of 3 facts, ${share}: NATS`, value: told.serverUs, unit: us },
        { name: `a commit of 3 facts, ${share}: who commits`, value: told.tellerUs, unit: us },
      );
    }
    return figures;
  } finally {
    await nats.stop();
  }
}

/**
 * As a gateway does when it hears that the log has grown by a commit: a reading for each.
 * @param {number} commits
 */
async function read(commits) {
  const postgres = await startPostgres();
  const engine = await openNode(postgres.url);
  const queue = await openQueue({ kind: 'node', postgres });
  try {
    while ((await engine.store.log()).last < commits * 3) await load([queue], 128, 1);
    await queue.close();
    await engine.store.everyFact(0, 1_000);
    const before = { cpu: process.cpuUsage(), server: postgres.cpuMeter() };
    for (let n = 0; n < commits; n += 1) await engine.store.everyFact(n * 3, 3);
    const { user, system } = process.cpuUsage(before.cpu);
    return {
      nodeUs: (user + system) / commits,
      databaseUs: (before.server.ms() * 1000) / commits,
    };
  } finally {
    await engine.close();
    await postgres.stop();
  }
}

/**
 * @param {{ url: string, pid: number }} nats
 * @param {number} commits
 * @param {number} selected
 */
async function tell({ url, pid }, commits, selected) {
  const { NatsFanout } = await import(join(dist, 'engine/nats/nats-fanout.js'));
  const { SelectedLog } = await import(join(dist, 'engine/postgres/selected-log.js'));
  const log = new SelectedLog();
  let position = 0;
  const fanout = new NatsFanout({
    url,
    service: 'bench',
    listener: {
      onFacts: (/** @type {unknown} */ facts) => log.takeFacts(facts),
      onCommit(/** @type {unknown} */ commit) {
        log.takeCommit(commit);
        for (let next = log.next(position); next !== undefined; next = log.next(position)) {
          if (next === 'missing') throw new Error('A message was lost');
          position = next.last.seq;
        }
      },
    },
  });
  for (let owner = 0; owner < selected; owner += 1) {
    log.select(`owner-${owner}`);
    fanout.select(`owner-${owner}`);
  }
  const teller = fork(fileURLToPath(new URL('../fanout-teller.mjs', import.meta.url)));
  try {
    await once(teller, 'message');
    while (!fanout.isConnected) await new Promise((resolve) => setTimeout(resolve, 5));
    await new Promise((resolve) => setTimeout(resolve, 200));
    const before = { cpu: process.cpuUsage(), server: processCpuMs(pid) };
    teller.send({ url, commits, owners });
    const [{ cpuUs }] = await once(teller, 'message');
    while (position < commits * 3) await new Promise((resolve) => setTimeout(resolve, 5));
    const { user, system } = process.cpuUsage(before.cpu);
    return {
      gatewayUs: (user + system) / commits,
      serverUs: ((processCpuMs(pid) - before.server) * 1000) / commits,
      tellerUs: cpuUs / commits,
    };
  } finally {
    teller.disconnect();
    await fanout.close();
  }
}
