import type { JobStatus } from '../../../src/protocol/job-record.js';
import { Icon } from './icon.js';

/** A status as colour, shape and word: no one of them alone. */
export function StatusMark({ status }: { readonly status: JobStatus }) {
  return (
    <span class={`status status-${status}`}>
      <Icon name={status} />
      <span class="status-word">{status}</span>
    </span>
  );
}
