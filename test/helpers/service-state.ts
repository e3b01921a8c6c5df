import pg from 'pg';
import type { RunningServer } from './server.js';

/** What nodes of a service and its tables say of themselves: for a test that has waited in vain. */
export async function serviceState(url: string, nodes: readonly RunningServer[]): Promise<string> {
  const parts = [await tables(url).catch(String), ...(await Promise.all(nodes.map(stateOf)))];
  return parts.join('\n\n');
}

async function stateOf(node: RunningServer): Promise<string> {
  const ask = async (path: string): Promise<string> => {
    try {
      const answer = await fetch(`${node.url}${path}`, { signal: AbortSignal.timeout(5_000) });
      return await answer.text();
    } catch (error) {
      return String(error);
    }
  };
  const figures = (await ask('/metrics'))
    .split('\n')
    .filter((line) => /^inkwire_(render|jobs|work)/.test(line));
  const log = node.log().split('\n').slice(-40);
  return [`node ${node.pid} at ${node.url}`, await ask('/readyz'), ...figures, ...log].join('\n');
}

async function tables(url: string): Promise<string> {
  const client = new pg.Client(url);
  await client.connect();
  try {
    const texts = [
      'SELECT seq, at, type, job, rev FROM inkwire.facts ORDER BY seq DESC LIMIT 20',
      'SELECT job FROM inkwire.jobs ORDER BY id DESC LIMIT 5',
      'SELECT * FROM inkwire.workers',
      'SELECT * FROM inkwire.duties',
      'SELECT last, pending, running, scheduled, settings FROM inkwire.head',
      `SELECT pid, state, wait_event, left(query, 100) AS query FROM pg_stat_activity WHERE application_name = 'inkwire'`,
    ];
    const answers: string[] = [];
    for (const text of texts)
      answers.push(text, ...(await client.query(text)).rows.map((row) => JSON.stringify(row)));
    return answers.join('\n');
  } finally {
    await client.end();
  }
}
