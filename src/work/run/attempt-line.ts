import type { Job } from '../../jobs/job.js';
import type { Command } from '../../jobs/transition.js';
import type { LogFields } from '../../log-fields.js';

/** The one line that a job has at `info`: its requests are told of only where they fail. */
export function attemptLine(job: Job, command: Command, durationMs: number): LogFields {
  return {
    job_id: job.id,
    owner: job.owner,
    kind: job.kind,
    request_id: job.requestId,
    ...(job.trace === undefined ? {} : { trace_id: job.trace.split('-')[1] }),
    attempt: job.attempt + 1,
    duration_ms: Math.round(durationMs),
    end: endOf(command),
    ...madeBy(command),
  };
}

/** As metrics and the log name it. */
export function endOf(command: Command): string {
  return command.type === 'fail' ? command.code : command.type;
}

function madeBy(command: Command): Pick<LogFields, 'pages' | 'size_bytes'> {
  if (command.type !== 'complete') return {};
  const { artifacts, pages } = command.result;
  const [first] = artifacts;
  return {
    ...(pages === undefined ? {} : { pages }),
    ...(first === undefined ? {} : { size_bytes: first.sizeBytes }),
  };
}
