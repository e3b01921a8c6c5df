import { readable } from './text-width.js';

/** Of pino, by number. */
const levels: Readonly<Record<number, string>> = {
  10: 'TRACE',
  20: 'DEBUG',
  30: 'INFO',
  40: 'WARN',
  50: 'ERROR',
  60: 'FATAL',
};
/** The same in every line of one process. */
const leftOut: ReadonlySet<string> = new Set(['level', 'time', 'msg', 'pid', 'hostname', 'err']);
const plainWord = /^[\w.:/@%+~*-]+$/;

/**
 * A line of the log as people read it at a terminal: when, how grave, what, and the fields; below it the stack of an error.
 * What is no line of the log stays as it is. Nothing in it moves a cursor: paths and messages are of callers.
 * @param line JSON, with its line end
 */
export function prettyLine(line: string): string {
  const fields = fieldsOf(line);
  if (fields === undefined) return line;
  const { time, level, msg, err } = fields;
  const at = typeof time === 'number' ? new Date(time).toISOString() : '';
  const name = typeof level === 'number' ? (levels[level] ?? String(level)) : '';
  const words = Object.entries(fields)
    .filter(([field]) => !leftOut.has(field))
    .map(([field, value]) => `${readable(field)}=${wordOf(value)}`);
  const head = [at, name.padEnd(5), readable(String(msg ?? '')), ...words].join(' ').trimEnd();
  return [head, ...stackOf(err).map((one) => `    ${readable(one)}`)].join('\n').concat('\n');
}

function fieldsOf(line: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const parsed: unknown = JSON.parse(line);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : undefined;
  } catch {
    return undefined;
  }
}

function wordOf(value: unknown): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value);
  return plainWord.test(text) ? text : readable(typeof value === 'string' ? JSON.stringify(value) : text);
}

/** As pino writes an error; a part may also give its text. */
function stackOf(err: unknown): readonly string[] {
  if (err === undefined) return [];
  const stack: unknown = typeof err === 'object' && err !== null ? Reflect.get(err, 'stack') : err;
  const text = typeof stack === 'string' ? stack : JSON.stringify(err);
  return text.split('\n');
}
