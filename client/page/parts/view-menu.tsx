import { useState } from 'preact/hooks';
import { useModel } from '../model.js';
import { hrefOf, type Route } from '../routes.js';
import { givenViews, maxViewName, maxViews, type SavedView } from '../saved-views.js';
import { CopyButton } from './copy-button.js';
import { Icon } from './icon.js';
import { Menu } from './menu.js';

/** Lists under a name: those that the browser has kept, those that everybody has, and this one to be kept. */
export function ViewMenu({ route }: { readonly route: Route }) {
  const { views } = useModel();
  const here = hrefOf(route);
  const name = views.nameOf(here);
  const kept = views.list.value;
  return (
    <Menu
      name="views"
      title="Saved views (v)"
      summary={
        <>
          <Icon name="bookmark" />
          <span class="clip" title={name}>
            {name ?? 'Views'}
          </span>
        </>
      }
    >
      <div class="menu-body">
        {kept.length > 0 && <ViewList label="Your views" views={kept} here={here} removable />}
        <ViewList label="For everybody" views={givenViews} here={here} />
        <SaveForm here={here} name={name ?? ''} isFull={kept.length >= maxViews} />
      </div>
    </Menu>
  );
}

interface ViewListProps {
  readonly label: string;
  readonly views: readonly SavedView[];
  readonly here: string;
  readonly removable?: boolean;
}

function ViewList({ label, views, here, removable = false }: ViewListProps) {
  const model = useModel();
  return (
    <>
      <p class="quiet" aria-hidden="true">
        {label}
      </p>
      <ul aria-label={label}>
        {views.map(({ name, hash }) => (
          <li key={name}>
            <a
              class="clip"
              href={hash}
              title={name}
              aria-current={hash === here ? 'page' : undefined}
              onClick={(event) => event.currentTarget.closest('details')?.removeAttribute('open')}
            >
              {name}
            </a>
            {removable && (
              <button
                type="button"
                class="icon-button"
                title={`Forget the view ${name}`}
                aria-label={`Forget the view ${name}`}
                onClick={() => {
                  model.views.remove(name);
                  model.announcer.say(`The view ${name} is forgotten.`);
                }}
              >
                <Icon name="delete" />
              </button>
            )}
          </li>
        ))}
      </ul>
    </>
  );
}

interface SaveFormProps {
  readonly here: string;
  readonly name: string;
  readonly isFull: boolean;
}

function SaveForm({ here, name, isFull }: SaveFormProps) {
  const { views, announcer, actions } = useModel();
  const [typed, setTyped] = useState<string>();
  const text = typed ?? '';
  return (
    <form
      class="view-form"
      onSubmit={(event) => {
        event.preventDefault();
        const wanted = text.trim() === '' ? name : text.trim();
        if (wanted === '') return;
        if (!views.save(wanted, here))
          actions.notify({ tone: 'failed', text: 'The browser keeps no more views.' });
        else announcer.say(`The view ${wanted} is saved.`);
        setTyped(undefined);
      }}
    >
      <label>
        <span class="quiet">Keep this list as</span>
        <input
          type="text"
          value={text}
          maxLength={maxViewName}
          placeholder={name === '' ? 'Invoices that failed' : name}
          autocomplete="off"
          onInput={({ currentTarget }) => setTyped(currentTarget.value)}
        />
      </label>
      <div class="buttons">
        <button type="submit" class="small primary" disabled={text.trim() === '' || isFull}>
          Save view
        </button>
        <CopyButton text={new URL(here, location.href).href} label="Copy the link to this list" />
      </div>
    </form>
  );
}
