import type { DeliveryRecord, WebhookRecord } from '../protocol/webhook-record.js';
import { given, Misuse, readArguments, readWhole } from './arguments.js';
import { exitCodes } from './exit-codes.js';
import { obey, type Server, serverOptions, serverUsage, withServer } from './server-access.js';
import { table } from './table.js';
import { printLine, type Shell, styleOf } from './terminal.js';
import { readable } from './text-width.js';

export const webhooksUsage = `Usage:
  inkwire webhooks list
  inkwire webhooks add ADDRESS [--event TYPE]... [--tag TAG]... [--kind KIND]... [--group NAME]...
                       [--description TEXT] [--reference-only]
  inkwire webhooks on|off ID          on: it is told what it missed
  inkwire webhooks remove ID
  inkwire webhooks test ID            sends a message now, and says what came of it
  inkwire webhooks rotate ID [--overlap SECONDS]
  inkwire webhooks deliveries ID [--waiting] [--limit N] [--show DELIVERY]
  inkwire webhooks replay ID (DELIVERY... | --since TIME | --after CURSOR) [--until TIME]

  --event TYPE      job.completed, job.failed, ...; default: the ends of jobs and groups
  --reference-only  messages without the record of the job
  --overlap SECONDS both secrets sign for so long; default 86400
  --since TIME      everything again from then on, such as 2026-11-29T08:00:00Z

"add" and "rotate" print the secret on the standard output: it is told this once.

${serverUsage}

Exit code: 0 done, 1 the test was not accepted, 2 not understood, 3 the server cannot be reached, 4 refused.`;

const options = {
  ...serverOptions,
  event: { type: 'string', multiple: true },
  tag: { type: 'string', multiple: true },
  kind: { type: 'string', multiple: true },
  group: { type: 'string', multiple: true },
  description: { type: 'string' },
  'reference-only': { type: 'boolean' },
  overlap: { type: 'string' },
  waiting: { type: 'boolean' },
  limit: { type: 'string' },
  show: { type: 'string' },
  since: { type: 'string' },
  after: { type: 'string' },
  until: { type: 'string' },
} as const;

type Values = ReturnType<typeof readArguments<typeof options>>['values'];

interface Call {
  readonly shell: Shell;
  readonly server: Server;
  readonly values: Values;
  readonly names: readonly string[];
}

const path = '/api/v1/webhooks';

const acts: Readonly<Record<string, (call: Call) => Promise<number>>> = {
  list,
  add,
  on: (call) => turn(call, true),
  off: (call) => turn(call, false),
  remove,
  test,
  rotate,
  deliveries,
  replay,
};

/** `inkwire webhooks`. @returns the exit code */
export function runWebhooks(shell: Shell): Promise<number> {
  return obey(shell, 'webhooks', async () => {
    const [verb, ...args] = shell.args;
    const { values, positionals: names } = readArguments(
      verb?.startsWith('-') === true ? shell.args : args,
      options,
    );
    if (values.help) {
      printLine(shell.out, webhooksUsage);
      return exitCodes.ok;
    }
    if (verb === undefined) throw new Misuse('What is to be done with webhooks?');
    const act = Object.hasOwn(acts, verb) ? acts[verb] : undefined;
    if (act === undefined) throw new Misuse(`"webhooks ${verb}" is not known.`);
    if (verb !== 'list' && names[0] === undefined)
      throw new Misuse(verb === 'add' ? 'Name the address.' : 'Name a webhook.');
    return withServer(shell, values, (server) => act({ shell, server, values, names }));
  });
}

function place({ names: [id = ''] }: Call): string {
  return `${path}/${encodeURIComponent(id)}`;
}

function print({ shell, values }: Call, value: object, line: string): void {
  printLine(shell.out, values.json === true ? JSON.stringify(value) : line);
}

async function list(call: Call): Promise<number> {
  const { shell, server } = call;
  const found: WebhookRecord[] = [];
  let cursor: string | undefined;
  do {
    const page = await server.http.json<{ webhooks: WebhookRecord[]; next_cursor?: string }>('GET', path, {
      query: { limit: 200, cursor },
      signal: shell.interrupted,
    });
    found.push(...page.webhooks);
    cursor = page.next_cursor;
  } while (cursor !== undefined);
  const statusOf = ({ status, off }: WebhookRecord): string =>
    off === undefined ? status : `${status}: ${off.reason}`;
  const rows = found.map((one) => [
    one.id,
    statusOf(one),
    readable(one.url),
    readable(one.description ?? ''),
    one.events.map(readable).join(' '),
  ]);
  return show(call, found, ['WEBHOOK', 'STATUS', 'ADDRESS', '', 'EVENTS'], rows, 'There are no webhooks.');
}

function show(
  { shell, values }: Call,
  found: readonly object[],
  titles: readonly string[],
  rows: readonly (readonly string[])[],
  nothing: string,
): number {
  const { out } = shell;
  if (values.json === true) for (const one of found) printLine(out, JSON.stringify(one));
  else if (!out.terminal) for (const row of rows) printLine(out, row.join('\t'));
  else if (rows.length === 0) printLine(shell.err, nothing);
  else {
    const columns = titles.map((title, at) => ({ title, flexible: at >= 2 }));
    const style = styleOf(shell.environment, out);
    for (const line of table(columns, rows, { width: out.columns() - 1, style })) printLine(out, line);
  }
  return exitCodes.ok;
}

async function add(call: Call): Promise<number> {
  const { shell, server, values, names } = call;
  const body = {
    url: names[0],
    ...given('events', values.event),
    ...given('tags', values.tag),
    ...given('kinds', values.kind),
    ...given('groups', values.group),
    ...given('description', values.description),
    ...(values['reference-only'] === true ? { payload: 'reference' } : {}),
  };
  const made = await server.http.json<WebhookRecord>('POST', path, { body, signal: shell.interrupted });
  print(call, made, `${made.id}\t${made.secret ?? ''}`);
  return exitCodes.ok;
}

async function turn(call: Call, enabled: boolean): Promise<number> {
  const { server, shell } = call;
  const body = { enabled };
  const now = await server.http.json<WebhookRecord>('PATCH', place(call), {
    body,
    signal: shell.interrupted,
  });
  print(call, now, `${now.id}\t${now.status}`);
  return exitCodes.ok;
}

async function remove(call: Call): Promise<number> {
  const { server, shell, names } = call;
  await server.http.send('DELETE', place(call), { signal: shell.interrupted });
  print(call, { id: names[0], deleted: true }, `${names[0]}\tremoved`);
  return exitCodes.ok;
}

async function rotate(call: Call): Promise<number> {
  const { server, shell, values } = call;
  const overlap = readWhole('--overlap', values.overlap, [0, 604_800]);
  const body = given('overlap', overlap);
  const now = await server.http.json<WebhookRecord>('POST', `${place(call)}/rotate`, {
    body,
    signal: shell.interrupted,
  });
  print(call, now, `${now.id}\t${now.secret ?? ''}`);
  return exitCodes.ok;
}

async function test(call: Call): Promise<number> {
  const { server, shell } = call;
  const sent = await server.http.json<DeliveryRecord>('POST', `${place(call)}/test`, {
    signal: shell.interrupted,
  });
  const answer = sent.tries?.at(-1)?.answer ?? '';
  print(call, sent, [sent.status, outcomeOf(sent), readable(answer)].filter((one) => one !== '').join('\t'));
  return sent.status === 'delivered' ? exitCodes.ok : exitCodes.failed;
}

function outcomeOf({ last_status: status, last_error: error }: DeliveryRecord): string {
  return status === undefined ? readable(error ?? '') : String(status);
}

async function deliveries(call: Call): Promise<number> {
  const { server, shell, values } = call;
  const where = `${place(call)}/deliveries`;
  const signal = shell.interrupted;
  if (values.show !== undefined) {
    const one = await server.http.json<DeliveryRecord>('GET', `${where}/${encodeURIComponent(values.show)}`, {
      signal,
    });
    const tries = (one.tries ?? []).map((tried) => {
      const outcome = tried.status ?? tried.error ?? '';
      return `${tried.at}  ${outcome}  ${tried.duration_ms} ms  ${readable(tried.answer ?? '')}`.trimEnd();
    });
    print(call, one, [`${one.type}  ${one.status}`, ...tries, readable(one.body ?? '')].join('\n'));
    return exitCodes.ok;
  }
  const limit = readWhole('--limit', values.limit, [1, 200]) ?? 50;
  const query = { limit, ...(values.waiting === true ? { status: 'waiting' } : {}) };
  const { deliveries: found } = await server.http.json<{ deliveries: DeliveryRecord[] }>('GET', where, {
    query,
    signal,
  });
  const rows = found.map((one) => [
    one.id,
    one.status,
    one.type,
    one.created_at,
    String(one.attempts),
    one.due_at === undefined ? outcomeOf(one) : `${outcomeOf(one)} again ${one.due_at}`.trim(),
  ]);
  return show(
    call,
    found,
    ['DELIVERY', 'STATUS', 'TYPE', 'MADE', 'TRIES', ''],
    rows,
    'There are no deliveries.',
  );
}

async function replay(call: Call): Promise<number> {
  const { server, shell, values, names } = call;
  const signal = shell.interrupted;
  const { since, after, until } = values;
  const messages = names.slice(1);
  if (messages.length > 0 === (since !== undefined || after !== undefined))
    throw new Misuse('Name deliveries, or say where to begin with --since or --after.');
  if (messages.length === 0) {
    const body = { ...given('since', since), ...given('after', after), ...given('until', until) };
    const begun = await server.http.json<{ from: string }>('POST', `${place(call)}/replay`, { body, signal });
    print(call, begun, begun.from);
    return exitCodes.ok;
  }
  for (const id of messages) {
    const where = `${place(call)}/deliveries/${encodeURIComponent(id)}/replay`;
    const again = await server.http.json<DeliveryRecord>('POST', where, { signal });
    print(call, again, `${again.id}\t${again.status}`);
  }
  return exitCodes.ok;
}
