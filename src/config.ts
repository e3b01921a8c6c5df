import { isAbsolute } from 'node:path';
import type { ConfiguredKey } from './access/keys.js';
import {
  choice,
  flag,
  list,
  type Option,
  type ReadOption,
  readBlock,
  readKey,
  readOrigin,
  seconds,
  text,
  whole,
} from './config-option.js';
import { nearest } from './nearest.js';

/**
 * The one schema of the configuration. Everything is read from variables `INKWIRE_*`, of the environment or of the
 * file that `INKWIRE_CONFIG` names (the environment wins), and checked at once: a server with a wrong option does not
 * start. The table in docs/OPERATIONS.md is made from it.
 */

const day = 86_400;

const options = {
  host: text('INKWIRE_HOST', 'a name or an address', /^[^\s/]+$/, {
    standard: '127.0.0.1',
    sentence: 'Where the server listens. Without any key only a loopback address is allowed.',
  }),
  port: whole('INKWIRE_PORT', '', [0, 65_535], { standard: 8080, sentence: '0 picks a free one.' }),
  dataDir: text('INKWIRE_DATA_DIR', 'a path', /^[^\0]+$/, {
    standard: './data',
    sentence:
      'Jobs, events, keys and files; with `INKWIRE_DATABASE_URL` only what this process writes aside. Belongs to one server at a time.',
  }),
  keys: list<ConfiguredKey>(
    'INKWIRE_KEYS',
    'owner=token, with commas between them',
    'API keys for containers and tests, with every scope. Other keys are made with `inkwire keys create` and kept hashed.',
    readKey,
  ),
  role: choice('INKWIRE_ROLE', ['all', 'gateway', 'worker'], {
    standard: 'all',
    sentence:
      'What a node does: a `gateway` answers and runs no jobs, a `worker` runs jobs and answers probes and `/metrics` alone.',
  }),
  databaseUrl: text('INKWIRE_DATABASE_URL', 'a postgres:// address', /^(postgres(ql)?:\/\/\S+)?$/, {
    standard: '',
    sentence:
      'Where the nodes of one service meet: PostgreSQL 13 or newer. Unset, this process is the whole service, with its data in `INKWIRE_DATA_DIR`.',
  }),
  blobsDir: text('INKWIRE_BLOBS', 'a path or s3://bucket/prefix', /^[^\0]*$/, {
    standard: '',
    sentence:
      'With `INKWIRE_DATABASE_URL`: the folder of inputs and results, which all nodes share, or a bucket of an object store.',
  }),
  blobCacheMb: whole('INKWIRE_BLOB_CACHE_MB', 'MiB', [0, 1_048_576], {
    standard: 1024,
    sentence:
      'With a bucket: what stays of its files in `INKWIRE_DATA_DIR` beside those that are being read.',
  }),
  fanoutUrl: text(
    'INKWIRE_FANOUT_URL',
    'nats:// addresses, with commas between them',
    /^((nats|tls):\/\/[^\s,]+(,\s*(nats|tls):\/\/[^\s,]+)*)?$/,
    {
      standard: '',
      sentence:
        'With `INKWIRE_DATABASE_URL` and many gateways: NATS, by which nodes tell each other of events, so that a gateway reads those of the owners whom it serves alone. Nothing is lost where it is away.',
    },
  ),
  workers: whole('INKWIRE_WORKERS', 'threads', [0, 256], {
    standard: 0,
    sentence: 'Render threads; 0 is one for each core.',
  }),
  workerHeapMb: whole('INKWIRE_WORKER_HEAP_MB', 'MiB', [64, 16_384], {
    standard: 1024,
    sentence:
      'Heap of a render thread. A job that needs more is tried once more with twice as much, then fails as `out_of_memory`.',
  }),
  renderNice: whole('INKWIRE_RENDER_NICE', '', [0, 19], {
    standard: 5,
    sentence:
      'By how much render threads give way to the thread that answers and to other programs, as `nice` counts it (Linux). At 19 they get next to nothing on a machine that is busy with other work.',
  }),
  recycleAfter: whole('INKWIRE_WORKER_RECYCLE_AFTER', 'documents', [0, 1_000_000], {
    standard: 10_000,
    sentence:
      'A render thread is replaced after so many documents; 0 is never. A young one needs some 500 to reach its full speed.',
  }),
  maxBodyBytes: whole('INKWIRE_MAX_BODY_BYTES', 'bytes', [1024, 1_073_741_824], {
    standard: 33_554_432,
    sentence: 'Larger request bodies are refused as `payload-too-large`.',
  }),
  maxUploadBytes: whole('INKWIRE_MAX_UPLOAD_BYTES', 'bytes', [1024, 1_099_511_627_776], {
    standard: 268_435_456,
    sentence:
      'Larger uploads (`multipart/form-data`), which go to the disk and not into memory, are refused as `payload-too-large`.',
  }),
  maxUploadFileBytes: whole('INKWIRE_MAX_UPLOAD_FILE_BYTES', 'bytes', [1024, 1_099_511_627_776], {
    standard: 134_217_728,
    sentence: 'Of one file of an upload: `payload-too-large`. A kind of jobs may take less.',
  }),
  maxUploads: whole('INKWIRE_MAX_UPLOADS', 'uploads', [1, 100_000], {
    standard: 64,
    sentence:
      'On their way at one time; past it the newest of the owner with most is told to come back: `queue-full`.',
  }),
  maxUploadsPerOwner: whole('INKWIRE_MAX_UPLOADS_PER_OWNER', 'uploads', [1, 100_000], {
    standard: 16,
    sentence: 'The same for one owner.',
  }),
  renderTimeoutMs: seconds(
    'INKWIRE_RENDER_TIMEOUT',
    [1, 3600],
    30,
    'Limit of `/render` and the PDF tools: `request-timeout`.',
  ),
  runTimeoutMs: seconds(
    'INKWIRE_RUN_TIMEOUT',
    [1, 3600],
    300,
    'Limit of one attempt of a job that names none: `timed_out`.',
  ),
  waitTimeoutMs: seconds(
    'INKWIRE_WAIT_TIMEOUT',
    [1, 366 * day],
    day,
    'How long a job that does not say may wait to be started: `expired`.',
  ),
  maxPending: whole('INKWIRE_MAX_PENDING', 'jobs', [1, 10_000_000], {
    standard: 100_000,
    sentence: 'Waiting jobs of everybody; past it submits are refused as `queue-full`.',
  }),
  maxPendingPerOwner: whole('INKWIRE_MAX_PENDING_PER_OWNER', 'jobs', [1, 10_000_000], {
    standard: 50_000,
    sentence: 'Waiting jobs of one owner: `queue-full`.',
  }),
  maxRunningPerOwner: whole('INKWIRE_MAX_RUNNING_PER_OWNER', 'jobs', [1, 10_000], {
    standard: 64,
    sentence: 'Jobs of one owner that run at once; the others wait.',
  }),
  resultTtlMs: seconds(
    'INKWIRE_RESULT_TTL',
    [60, 366 * day],
    7 * day,
    'How long results are kept where a job does not say: `result-expired`.',
  ),
  recordTtlMs: seconds(
    'INKWIRE_RECORD_TTL',
    [60, 3660 * day],
    30 * day,
    'How long the record of a job is kept after its end.',
  ),
  logTtlMs: seconds(
    'INKWIRE_LOG_TTL',
    [60, 366 * day],
    3 * day,
    'How long events are kept; a reader that was away for longer gets `reset`.',
  ),
  logMaxFacts: whole('INKWIRE_LOG_MAX_FACTS', 'events', [1000, 100_000_000], {
    standard: 2_000_000,
    sentence: 'The oldest events go when there are more.',
  }),
  ratePerKey: whole('INKWIRE_RATE_LIMIT', 'requests per minute', [0, 100_000_000], {
    standard: 300_000,
    sentence: 'For one key: `client-rate-exceeded`; 0 is no limit.',
  }),
  ratePerIp: whole('INKWIRE_IP_RATE_LIMIT', 'requests per minute', [0, 100_000_000], {
    standard: 600_000,
    sentence: 'For one address, IPv6 by /64: `ip-rate-exceeded`; 0 is no limit.',
  }),
  connectionsPerIp: whole('INKWIRE_MAX_CONNECTIONS_PER_IP', 'connections', [0, 1_000_000], {
    standard: 20_000,
    sentence:
      'Open at one time from one address, IPv6 by /64, that is no trusted proxy: `ip-rate-exceeded`; 0 is no limit.',
  }),
  streamsPerKey: whole('INKWIRE_MAX_STREAMS_PER_KEY', 'connections', [1, 1_000_000], {
    standard: 20_000,
    sentence: 'WebSockets and event streams of one key at one time; more are told to come back.',
  }),
  streamsPerIp: whole('INKWIRE_MAX_STREAMS_PER_IP', 'connections', [1, 1_000_000], {
    standard: 20_000,
    sentence:
      'The same for one address, IPv6 by /64; past it the newest of the owner with most there gives way to another owner.',
  }),
  streamBufferBytes: whole('INKWIRE_STREAM_BUFFER_BYTES', 'bytes', [1_048_576, 17_179_869_184], {
    standard: 268_435_456,
    sentence:
      'What may wait for slow readers altogether; past it the slowest of the owner with most are closed and come back.',
  }),
  maxHeldRequests: whole('INKWIRE_MAX_HELD_REQUESTS', 'requests', [0, 1_000_000], {
    standard: 10_000,
    sentence:
      'Answers held back by `Prefer: wait` and long-polls; past it the newest of the owner with most is given at once.',
  }),
  bulkWaitMs: seconds(
    'INKWIRE_BULK_WAIT',
    [0, 60],
    10,
    'How long the answer to a bulk-fill export job is held back for its end.',
  ),
  bulkRowsPerMonth: whole('INKWIRE_BULK_ROWS_PER_MONTH', 'rows', [0, 1_000_000_000_000], {
    standard: 0,
    sentence:
      'Rows of completed bulk-fill jobs of one owner in a month of UTC; past it export jobs are refused as `QUOTA_EXCEEDED`. 0 is no limit.',
  }),
  bulkMaxRows: whole('INKWIRE_BULK_MAX_ROWS', 'rows', [1, 1_000_000], {
    standard: 10_000,
    sentence: 'Of one bulk-fill job; more are refused (`TOO_MANY_ROWS`).',
  }),
  bulkMaxPdfBytes: whole('INKWIRE_BULK_MAX_PDF_BYTES', 'bytes', [1024, 1_073_741_824], {
    standard: 52_428_800,
    sentence:
      'Of the PDF that a bulk-fill job fills; a larger one is refused (`SOURCE_PDF_TOO_LARGE`). What is made of it is in memory in each thread.',
  }),
  bulkMaxPages: whole('INKWIRE_BULK_MAX_PAGES', 'pages', [1, 10_000], {
    standard: 200,
    sentence: 'Of the PDF that a bulk-fill job fills; one with more is refused (`SOURCE_PDF_TOO_LARGE`).',
  }),
  bulkMaxResultBytes: whole('INKWIRE_BULK_MAX_RESULT_BYTES', 'bytes', [0, 1_000_000_000_000_000], {
    standard: 0,
    sentence:
      'Of the ZIP of a bulk-fill job, which takes no such place here but where it is downloaded to: past it the job fails (`RESULT_TOO_LARGE`). 0 is no limit.',
  }),
  requestTimeoutMs: seconds(
    'INKWIRE_REQUEST_TIMEOUT',
    [1, 3600],
    120,
    'A request that has not arrived by then is answered with 408.',
  ),
  trustedProxies: list(
    'INKWIRE_TRUSTED_PROXIES',
    'addresses or CIDR blocks',
    'Proxies whose `X-Forwarded-For` is believed.',
    readBlock,
  ),
  corsOrigins: list(
    'INKWIRE_CORS_ORIGINS',
    'origins such as https://example.org, or *',
    'Pages that may call this server from a browser.',
    readOrigin,
  ),
  metricsPublic: flag(
    'INKWIRE_METRICS_PUBLIC',
    'Serves `/metrics` without a key; otherwise one with the scope `metrics` is needed.',
  ),
  allowPrivateFetch: flag(
    'INKWIRE_ALLOW_PRIVATE_FETCH',
    'Lets jobs fetch from private and loopback addresses.',
  ),
  allowUnsandboxedPrograms: flag(
    'INKWIRE_ALLOW_UNSANDBOXED_PROGRAMS',
    'Runs external programs also where neither bubblewrap nor `unshare` works: a hostile document could then read what the server can.',
  ),
  previewPaths: list(
    'INKWIRE_PREVIEW_PATHS',
    'absolute paths, with commas between them',
    'Folders of the server whose files may be named as inputs of the FileLens API, by every key that may submit jobs.',
    (path) => (isAbsolute(path) ? path : undefined),
  ),
  officeListeners: whole('INKWIRE_OFFICE_LISTENERS', 'processes', [0, 64], {
    standard: 2,
    sentence:
      'LibreOffices that are kept started behind the first document that needs one, each for the documents of one owner; 0 starts one for each document.',
  }),
  logLevel: choice('INKWIRE_LOG_LEVEL', ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    standard: 'info',
    sentence:
      'JSON lines on standard error; `info` has one for each job, and one for each request that is refused or fails.',
  }),
  logFormat: choice('INKWIRE_LOG_FORMAT', ['auto', 'json', 'pretty'], {
    standard: 'auto',
    sentence:
      '`pretty` is for people, `json` for programs; `auto` is `pretty` where standard error is a terminal.',
  }),
  shutdownTimeoutMs: seconds(
    'INKWIRE_SHUTDOWN_TIMEOUT',
    [1, 600],
    30,
    'What has not ended by then is cut off; its jobs run again at the next start.',
  ),
} as const;

type Options = typeof options;
type ValueOf<T> = T extends Option<infer Value> ? Value : never;

/** Times in milliseconds, sizes in bytes, unless a name says otherwise. */
export type Config = { readonly [Name in keyof Options]: ValueOf<Options[Name]> };

export type ConfigAnswer =
  | { readonly ok: true; readonly config: Config }
  /** One line for each defect. */
  | { readonly ok: false; readonly defects: readonly string[] };

export type Environment = Readonly<Record<string, string | undefined>>;

const fileName = 'INKWIRE_CONFIG';
const names: readonly string[] = [fileName, ...Object.values(options).map((option) => option.name)];

/**
 * @param readFile called with the path in `INKWIRE_CONFIG`, if there is one; may throw
 */
export function readConfig(environment: Environment, readFile: (path: string) => string): ConfigAnswer {
  const defects: string[] = [];
  const path = environment[fileName];
  const filed = path ? readVariables(path, readFile, defects) : {};
  // An empty variable is an unset one: compose files and unit files cannot leave one out.
  const given = {
    ...filed,
    ...Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== '')),
  };
  for (const name of Object.keys(given)) {
    if (!name.startsWith('INKWIRE_') || names.includes(name)) continue;
    defects.push(`${name} is not known; did you mean ${nearest(name, names)}?`);
  }
  const values = Object.entries(options).map(([member, option]): [string, unknown] => {
    const text = given[option.name] ?? option.standard;
    const read: ReadOption<unknown> = option.read(text.trim());
    if (read.ok) return [member, read.value];
    defects.push(`${option.name} ${read.message}`);
    return [member, undefined];
  });
  if (defects.length > 0) return { ok: false, defects };
  // Every member was read by the option of its name.
  return { ok: true, config: Object.freeze(Object.fromEntries(values)) as Config };
}

/** Lines `NAME=value`; empty ones and those that begin with `#` mean nothing. Quotes around a value are taken off. */
function readVariables(
  path: string,
  readFile: (path: string) => string,
  defects: string[],
): Record<string, string> {
  const variables: Record<string, string> = {};
  try {
    for (const [index, line] of readFile(path).split(/\r?\n/).entries()) {
      if (/^\s*(#|$)/.test(line)) continue;
      const [, name, value] = /^\s*(?:export\s+)?([A-Z][A-Z0-9_]*)\s*=\s*(.*?)\s*$/.exec(line) ?? [];
      if (name === undefined || value === undefined || !name.startsWith('INKWIRE_')) {
        defects.push(`${path}:${index + 1} must be INKWIRE_NAME=value`);
      } else if (name === fileName) {
        defects.push(`${path}:${index + 1} ${fileName} cannot be set in the file itself`);
      } else {
        variables[name] = value.replace(/^(["'])(.*)\1$/, '$2');
      }
    }
  } catch (error) {
    defects.push(
      `${fileName}: ${path} cannot be read (${error instanceof Error ? error.message : 'unknown'})`,
    );
  }
  return variables;
}

/** The variable that a member is read from. */
export function variableOf(member: keyof Config): string {
  return options[member].name;
}

/** The table of all options, in Markdown. */
export function configTable(): string {
  const file: Omit<Option<string>, 'read'> = {
    name: fileName,
    standard: '',
    unit: '',
    bound: 'a path',
    sentence: 'A file with the same names, one `NAME=value` on a line. The environment wins.',
  };
  const rows = [...Object.values(options), file].map(({ name, standard, unit, bound, sentence }) => {
    const cells = [`\`${name}\``, standard === '' ? 'unset' : `\`${standard}\``, unit, bound, sentence];
    return `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  });
  return ['| variable | default | unit | values | |', '| --- | --- | --- | --- | --- |', ...rows].join('\n');
}
