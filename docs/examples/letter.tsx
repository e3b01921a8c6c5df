import { Inkwire } from '@inkwire/client';
import { InkwireProvider, useConnection, useJob, useSubmit } from '@inkwire/client/react';

/** One for the whole page: all components share its connection. */
const inkwire = new Inkwire();

export function Page({ jobId }: { readonly jobId?: string }) {
  return (
    <InkwireProvider client={inkwire}>
      <Letter jobId={jobId} />
    </InkwireProvider>
  );
}

/** Makes a letter, or shows the one that there is. */
function Letter({ jobId }: { readonly jobId: string | undefined }) {
  const { submit, job, busy, error } = useSubmit();
  const { status } = useConnection();
  const write = () =>
    // `error` has it.
    submit({ operations: [{ type: 'add_text', text: 'Dear reader' }] }).catch(() => undefined);
  return (
    <>
      <button type="button" disabled={busy} onClick={write}>
        Write
      </button>
      {status === 'waiting' && <p>The connection is lost. It comes back by itself.</p>}
      {error instanceof Error && <p role="alert">{error.message}</p>}
      <JobProgress jobId={job?.job_id ?? jobId} />
    </>
  );
}

function JobProgress({ jobId }: { readonly jobId: string | undefined }) {
  const { job, error } = useJob(jobId);
  if (error instanceof Error) return <p role="alert">{error.message}</p>;
  if (job === undefined) return <p>...</p>;
  return (
    <p role="status">
      <progress max="100" value={job.progress ?? 0} /> {job.status}
      {job.pages_total !== undefined && `, ${job.pages_done ?? 0} of ${job.pages_total} pages`}
    </p>
  );
}
