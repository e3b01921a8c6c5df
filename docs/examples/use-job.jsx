import { Inkwire } from 'inkwire/client';
import { useEffect, useState } from 'react';

/** One for the whole page: all hooks share its connection. */
export const inkwire = new Inkwire();

/** The record of a job as it is now, and the error that ended the watch, if one did. */
export function useJob(jobId) {
  const [state, setState] = useState({});

  useEffect(() => {
    setState({});
    if (jobId === undefined) return;
    const feed = inkwire.watch(jobId);
    feed.on('item', ({ job }) => {
      if (job !== undefined) setState({ job });
    });
    feed.on('error', (error) => setState((before) => ({ ...before, error })));
    return () => feed.close();
  }, [jobId]);

  return state;
}

export function JobProgress({ jobId }) {
  const { job, error } = useJob(jobId);
  if (error !== undefined) return <p role="alert">{error.message}</p>;
  if (job === undefined) return <p>...</p>;
  return (
    <p role="status">
      <progress max="100" value={job.progress ?? 0} /> {job.status}
      {job.pages_total !== undefined && `, ${job.pages_done ?? 0} of ${job.pages_total} pages`}
    </p>
  );
}
