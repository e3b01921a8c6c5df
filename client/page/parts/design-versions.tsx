import { hrefOf } from '../routes.js';
import { Ago } from './ago.js';

/** Versions that can be chosen from, the newest first. */
const listedVersions = 50;

export interface DesignVersionsProps {
  readonly id: string;
  /** The one that is shown. */
  readonly version: number | undefined;
  readonly createdAt: string | undefined;
  readonly latest: number;
}

/** Leads to another version of a design. */
export function DesignVersions({ id, version = 0, latest, createdAt }: DesignVersionsProps) {
  const numbers = Array.from({ length: Math.min(listedVersions, latest) }, (_, index) => latest - index);
  if (!numbers.includes(version)) numbers.push(version);
  return (
    <>
      <label class="inline-field">
        <span class="quiet">Version</span>{' '}
        <select
          value={version}
          onChange={(event) => {
            const chosen = Number(event.currentTarget.value);
            location.hash = hrefOf({ view: 'design', id, ...(chosen === latest ? {} : { version: chosen }) });
          }}
        >
          {numbers.map((number) => (
            <option key={number} value={number}>
              {number}
            </option>
          ))}
        </select>
      </label>
      <span class="quiet wide-only">{createdAt !== undefined && <Ago at={createdAt} />}</span>
    </>
  );
}
