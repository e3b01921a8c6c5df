import { useModel } from '../model.js';
import { hrefOf } from '../routes.js';
import { Icon } from './icon.js';

/** What became of something that a person did. */
export function Notices() {
  const { actions } = useModel();
  return (
    <div class="notices" role="log" aria-live="polite" aria-label="Notices">
      {actions.notices.value.map(({ id, tone, text, jobId }) => (
        <div key={id} class={`notice notice-${tone}`}>
          <Icon name={tone === 'done' ? 'completed' : 'failed'} />
          <p>
            {text} {jobId !== undefined && <a href={hrefOf({ view: 'job', id: jobId })}>Show</a>}
          </p>
          <button type="button" class="icon-button" aria-label="Dismiss" onClick={() => actions.dismiss(id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
