/**
 * The words of the log: one name for each thing, whichever part writes the line. Beside them a line has `level`, `time`
 * (milliseconds since 1970), `pid`, `hostname` and `msg`.
 */
export const logFields = {
  request_id: 'The `X-Request-Id` of a request; in lines of a job, of the request that submitted it',
  trace_id: 'The trace of a job, where traces are told (OpenTelemetry)',
  method: 'Of a request',
  path: 'Of a request, without its query, which may hold secrets',
  status: 'Of an answer',
  owner: 'Whose job or request it is',
  key_id: 'The key of a request, as `inkwire keys list` names it',
  left: 'True when the caller had gone before the end of the answer',
  job_id: 'The job',
  webhook_id: 'The endpoint of a webhook',
  kind: 'Of the job',
  attempt: 'Which attempt of the job, from 1',
  end: 'How an attempt ended: `complete`, `release` (handed back), or the `error_code` of its failure',
  pages: 'Of a result',
  size_bytes: 'Of a result',
  duration_ms:
    'Of a request: to the end of its answer. Of an attempt: from its claim to the commit of its end. Of an outage',
  jobs: 'How many jobs',
  files: 'How many files',
  ahead_ms: "By how much the machine's date is ahead of elapsed time",
  code: 'Of a fault of the machine, as the system or SQLite names it',
  reason: 'The same in words',
  faults: 'How often an outage was met',
  overruled: 'Settings of this server that others overrule',
  err: 'A failure: its type, message and stack, or its text',
} as const;

export type LogFields = Readonly<Partial<Record<keyof typeof logFields, unknown>>>;
