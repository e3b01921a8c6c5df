import { spawnSync } from 'node:child_process';

/** One call of the system, as `strace` (a package of Debian's) wrote it down. */
export interface SystemCall {
  readonly name: string;
  /**
   * Places in the trace: where the call began and where it had returned. What a sync promises holds from its return on;
   * bytes leave from the beginning of their call on. Only the order of places means anything.
   */
  readonly began: number;
  readonly ended: number;
  /** As the tracer prints them: descriptors with their paths, bytes in quotes. */
  readonly args: string;
  readonly result: number;
}

/** Those that put bytes and names on the disk, make them durable, or send them; `?` is for what an architecture lacks. */
const traced = [
  '?mkdir',
  'mkdirat',
  'fsync',
  'fdatasync',
  '?rename',
  'renameat',
  'renameat2',
  'write',
  'writev',
  'pwrite64',
  'pwritev',
  'sendto',
  'sendmsg',
];
/** Of a buffer: a page of the database and the head of an answer are whole. */
const shownBytes = 8_192;

/** The command to run a program under, which it replaces: the tracer runs beside it, and writes to `file`. */
export function tracing(file: string): readonly string[] {
  const calls = `trace=${traced.join(',')}`;
  return [
    ...['strace', '-D', '-f', '-y', '-qq', '--seccomp-bpf', '-s', String(shownBytes)],
    ...['-e', 'signal=none', '-e', calls, '-o', file],
  ];
}

/** Also where a container forbids tracing. */
export const withoutStrace =
  process.env.CI !== 'true' && spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status !== 0;

const line = /^(\d+) +(.*)$/;
const whole = /^(\w+)\((.*)\) += (-?\d+)/s;
const begins = /^(\w+)\((.*) <unfinished \.\.\.>$/s;
const returns = /^<\.\.\. (\w+) resumed>(.*)\) += (-?\d+)/s;

/** The calls that returned, in the order in which they began. */
export function callsOf(trace: string): readonly SystemCall[] {
  const calls: SystemCall[] = [];
  const open = new Map<string, { readonly name: string; readonly args: string; readonly began: number }>();
  for (const [place, text] of trace.split('\n').entries()) {
    const [, thread = '', call = ''] = line.exec(text) ?? [];
    const [, name, args = '', result] = whole.exec(call) ?? [];
    if (name !== undefined) {
      calls.push({ name, args, began: place, ended: place, result: Number(result) });
      continue;
    }
    const [, begun, given = ''] = begins.exec(call) ?? [];
    if (begun !== undefined) open.set(thread, { name: begun, args: given, began: place });
    const [, resumed, rest = '', answer] = returns.exec(call) ?? [];
    const beginning = open.get(thread);
    if (resumed === undefined || beginning?.name !== resumed) continue;
    open.delete(thread);
    calls.push({ ...beginning, args: beginning.args + rest, ended: place, result: Number(answer) });
  }
  return calls.sort((a, b) => a.began - b.began);
}

/** What the descriptor of a call is: a path, or a kind such as `socket:[1]`. */
export function subjectOf({ args }: SystemCall): string {
  return /^\d+<([^>]*)>/.exec(args)?.[1] ?? '';
}

/** The texts among the arguments: paths, and the bytes of buffers with one character for each. */
export function textsOf({ args }: SystemCall): readonly string[] {
  return [...args.matchAll(/"((?:[^"\\]|\\.)*)"/gs)].map(([, text = '']) =>
    text.replace(/\\([0-7]{1,3}|.)/gs, unescaped),
  );
}

const controls: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', v: '\v', f: '\f' };

function unescaped(_: string, code: string): string {
  return /^[0-7]/.test(code) ? String.fromCharCode(Number.parseInt(code, 8)) : (controls[code] ?? code);
}
