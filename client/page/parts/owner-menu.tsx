import { everyOwner } from '../../../src/protocol/names.js';
import { hrefOf } from '../routes.js';
import type { OpenSession } from '../session.js';

/**
 * Whose things are shown, for a key that may see every owner's. Another owner by name is reached from its jobs, or by the
 * address (`?owner=NAME`).
 */
export function OwnerMenu({ open: { owner, self, isEvery } }: { readonly open: OpenSession }) {
  return (
    <label class="owner-menu">
      <span class="unseen">Whose jobs</span>
      <select
        value={owner}
        onChange={({ currentTarget: { value } }) => {
          const whose = value === self ? '/' : `/?owner=${encodeURIComponent(value)}`;
          location.href = `${whose}${hrefOf({ view: 'jobs', filter: {} })}`;
        }}
      >
        <option value={self}>{self} (yours)</option>
        <option value={everyOwner}>Every owner</option>
        {owner !== self && !isEvery && <option value={owner}>{owner}</option>}
      </select>
    </label>
  );
}
