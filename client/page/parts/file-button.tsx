import type { JobRecord } from '../../../src/protocol/job-record.js';
import { useModel } from '../model.js';
import type { OpenSession } from '../session.js';
import { Icon } from './icon.js';

/** Downloads one of the files of a job. */
export function FileButton({
  open,
  record,
  name,
}: {
  readonly open: OpenSession;
  readonly record: JobRecord;
  readonly name: string;
}) {
  const { actions } = useModel();
  return (
    <button
      type="button"
      class="icon-button"
      aria-label={`Download ${name}`}
      title={`Download ${name}`}
      disabled={actions.busy.value.has(record.job_id)}
      onClick={() => void actions.download(open, record, name)}
    >
      <Icon name="download" />
    </button>
  );
}
