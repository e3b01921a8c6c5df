/** What to do about a job that failed, by its `error_code`: docs/FAILURES.md in a sentence each. */
const steps: Readonly<Record<string, string>> = {
  invalid_input:
    'The request or a file in it is to blame; a retry ends the same way. Mend it: edit it as a new job.',
  input_unavailable: 'An address in the request did not answer. Retry when it is back.',
  too_many_failed_rows:
    'Look at manifest.json below for the reason of each row; often a column has another name than the field.',
  timed_out:
    'It took longer than its time limit. Edit as new with a longer “timeout”, or split the document.',
  out_of_memory:
    'It needs more memory than a render thread has. Split the document, or use smaller pictures.',
  crashed: 'The render thread ended with it. Retry once; if it happens again, report the request.',
  render_failed: 'An engine gave up on the document. Edit as new without what the sentence names.',
  cancelled: 'Somebody cancelled it. Retry makes it again.',
  expired: 'It waited longer than it may: more came than the threads can do. Retry when less waits.',
  storage_failed:
    'A stored file of the job is damaged or gone. Submit it again, and have “inkwire doctor” run.',
};

export function nextStep(code: string | undefined): string | undefined {
  return code === undefined ? undefined : steps[code];
}

/** Whether the same request may go well another time; of the others, something has to be changed. */
export function mayPass(code: string | undefined): boolean {
  return code !== undefined && passing.includes(code);
}

const passing: readonly string[] = ['input_unavailable', 'crashed', 'cancelled', 'expired', 'storage_failed'];

/** A sentence without what differs from job to job, so that errors of one kind are equal: numbers, ids, quoted names. */
export function causeOf({
  error,
  error_code,
}: {
  readonly error?: string;
  readonly error_code?: string;
}): string {
  const text = (error ?? error_code ?? 'unknown').slice(0, 200);
  return text
    .replace(/job_[0-9a-z]+/g, '…')
    .replace(/(["'“])[^"'“”]{1,80}(["'”])/g, '$1…$2')
    .replace(/\d+(?:[.,:]\d+)*/g, '#');
}
