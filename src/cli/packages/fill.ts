import { Misuse, readArguments } from '../arguments.js';
import { exitCodes } from '../exit-codes.js';
import { conclude, follow } from '../follow.js';
import { rowsLine } from '../job-words.js';
import { destinationOf } from '../save.js';
import { obey, serverOptions, serverUsage, withServer } from '../server-access.js';
import { keep } from '../submit.js';
import { printLine, type Shell } from '../terminal.js';
import { sentFile } from './sent-file.js';

const usage = `Usage:
  inkwire fill FORM.pdf ROWS [-o OUT.zip] [options]

Fills a PDF with the rows of a CSV or JSON file: a PDF of each row, in a ZIP with manifest.json. Without a package each
column fills the field of its name.

  -o, --output OUT       the ZIP: a file, a folder, or - for the standard output; default: FORM.zip
      --package FILE     what goes where (inkwire package)
      --no-header        the first row of the CSV is a row, and names no columns
      --max-failed N     stop as soon as more than N percent of all rows have failed

${serverUsage}

Exit code: 0 filled, 1 the job failed or was cancelled, 2 not understood, 3 the server cannot be reached, 4 refused,
130 interrupted (the job goes on).`;

const options = {
  ...serverOptions,
  output: { type: 'string', short: 'o' },
  package: { type: 'string' },
  'no-header': { type: 'boolean' },
  'max-failed': { type: 'string' },
} as const;

/** `inkwire fill`. @returns the exit code */
export function runFill(shell: Shell): Promise<number> {
  return obey(shell, 'fill', async () => {
    const { values, positionals } = readArguments(shell.args, options);
    if (values.help) {
      printLine(shell.out, usage);
      return exitCodes.ok;
    }
    const [pdf, rows, ...more] = positionals;
    if (pdf === undefined || rows === undefined || more.length > 0)
      throw new Misuse('Name a PDF and the file of its rows.');
    const percent = values['max-failed'] === undefined ? undefined : Number(values['max-failed']);
    if (percent !== undefined && !(percent >= 0 && percent <= 100))
      throw new Misuse('--max-failed must be 0 to 100.');
    const isJson = /\.json$/i.test(rows);
    const to = await destinationOf(values.output ?? `${pdf.replace(/\.pdf$/i, '')}.zip`, shell.out);
    const json = values.json === true;
    if (json && to.type === 'stream') throw new Misuse('--json and "-o -" both want the standard output.');
    const form = new FormData();
    const request = {
      kind: 'bulk_fill',
      rows_format: isJson ? 'json' : 'csv',
      ...(isJson ? {} : { header: values['no-header'] !== true }),
      ...(percent === undefined ? {} : { max_failed_percent: percent }),
    };
    form.append('request', JSON.stringify(request));
    form.append('pdf_file', await sentFile(pdf, 'application/pdf'));
    form.append('rows_file', await sentFile(rows, isJson ? 'application/json' : 'text/csv'));
    if (values.package !== undefined)
      form.append('package_file', await sentFile(values.package, 'application/zip'));

    return withServer(shell, values, async (server) => {
      const job = await server.client.submit(form, { signal: shell.interrupted, strict: true });
      if (json) printLine(shell.out, JSON.stringify(job));
      const ended = await follow(shell, server, {
        jobId: job.job_id,
        after: job.events_cursor,
        json,
        view: shell.err,
      });
      const code = conclude(shell, ended, shell.err, json);
      if (code === exitCodes.ok) await keep(shell, server, job.job_id, to, json);
      if (!json && ended?.rows !== undefined)
        printLine(shell.err, rowsLine(ended.rows, code === exitCodes.ok));
      return code;
    });
  });
}
