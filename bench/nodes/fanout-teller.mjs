import { join } from 'node:path';
import { dist } from '../kit/server.mjs';

/** A node that commits: tells of so many commits of three facts, a thousand a second at most, then says what that took. */

const { NatsFanout } = await import(join(dist, 'engine/nats/nats-fanout.js'));
const record = JSON.stringify({ job_id: 'job_0', status: 'completed', filler: 'x'.repeat(1_440) });

process.on('message', async (/** @type {{ url: string, commits: number, owners: number }} */ order) => {
  const { url, commits, owners } = order;
  const fanout = new NatsFanout({ url, service: 'bench' });
  while (!fanout.isConnected) await new Promise((resolve) => setTimeout(resolve, 5));
  const cpu = process.cpuUsage();
  let seq = 0;
  for (let commit = 0; commit < commits; commit += 1) {
    const facts = Array.from({ length: 3 }, () => {
      seq += 1;
      const owner = `owner-${seq % owners}`;
      const job = { jobId: `job_${seq}`, owner, kind: 'document', rev: 1 };
      return { seq, at: 0, type: 'job.completed', ...job, record };
    });
    fanout.publish(facts);
    if (commit % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 10));
  }
  const { user, system } = process.cpuUsage(cpu);
  process.send?.({ cpuUs: user + system });
  await fanout.close();
});
process.once('disconnect', () => process.exit());
process.send?.({});
