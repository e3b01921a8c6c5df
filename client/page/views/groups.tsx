import { useCallback } from 'preact/hooks';
import { useGroups } from '../group-progress.js';
import { GroupBar, groupText } from '../parts/group-bar.js';
import { ListState } from '../parts/list-state.js';
import { hrefFor } from '../routes.js';
import type { OpenSession } from '../session.js';

/** Jobs that belong together, with how far each group is as a whole. */
export function GroupsPage({ open }: { readonly open: OpenSession }) {
  const ask = useCallback((signal: AbortSignal) => open.client.groups({ signal }), [open]);
  const { answer, fault } = useGroups(open, ask);
  return (
    <section class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>Groups</h1>
      </div>
      <ListState answer={answer} fault={fault} none="No groups yet">
        Jobs that are submitted with the same <code>"group"</code> are counted together here.
      </ListState>
      <ul class="groups">
        {answer?.map((group) => (
          <li key={`${group.owner} ${group.group}`} class="panel">
            <div class="group-head">
              <h2>
                <a href={hrefFor(open.owner, group.owner, { view: 'group', name: group.group, filter: {} })}>
                  {group.group}
                </a>
              </h2>
              <span class="percent">{Math.floor(group.progress)}%</span>
            </div>
            <GroupBar group={group} />
            <p class="quiet">
              {group.owner === undefined ? '' : `${group.owner}: `}
              {groupText(group)}
            </p>
          </li>
        ))}
      </ul>
      {(answer?.length ?? 0) >= 200 && (
        <p class="quiet">The 200 newest groups are shown. Search by group among the jobs for others.</p>
      )}
    </section>
  );
}
