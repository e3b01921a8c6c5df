import { hrefOf } from '../routes.js';

/** Each leads to the jobs that have it. @param tab as `tabIndex` */
export function Tags({ tags, tab = 0 }: { readonly tags: readonly string[]; readonly tab?: number }) {
  return (
    <span class="tags">
      {tags.map((tag) => (
        <a
          key={tag}
          class="tag"
          href={hrefOf({ view: 'jobs', filter: { tag } })}
          tabIndex={tab}
          title={`Jobs with the tag ${tag}`}
        >
          {tag}
        </a>
      ))}
    </span>
  );
}
