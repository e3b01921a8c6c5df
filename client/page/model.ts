import { type Signal, signal } from '@preact/signals';
import { createContext } from 'preact';
import { useContext } from 'preact/hooks';
import { Actions } from './actions.js';
import { Announcer } from './announcer.js';
import { ChosenJobs } from './chosen.js';
import { Drafts } from './drafts.js';
import { hrefOf, parseRoute, type Route } from './routes.js';
import { SavedViews } from './saved-views.js';
import { Session } from './session.js';
import { ThemeChoice } from './theme.js';

/** Where a list was left, so that it can be found again as it was. */
export interface ListPlace {
  /** As text: with another filter it is another list. */
  readonly filter: string;
  readonly top: number;
  readonly active: string | undefined;
}

/** Everything that the views share. One for the page, made when it starts. */
export class Model {
  readonly announcer = new Announcer();
  readonly session = new Session(this.announcer);
  readonly actions = new Actions(this.session);
  readonly theme = new ThemeChoice();
  readonly route: Signal<Route> = signal(parseRoute(location.hash));
  /** Milliseconds since 1970, a second or less ago; it stands while what is shown is old, and all times with it. */
  readonly now = signal(Date.now());
  /** The same, and always goes on. */
  readonly tick = signal(Date.now());
  /** Two lines for a job in place of columns. */
  readonly narrow: Signal<boolean>;
  /** The help is shown. */
  readonly help = signal(false);
  /** By the label of the list; one for each view that has one. */
  readonly places = new Map<string, ListPlace>();
  readonly drafts = new Drafts();
  readonly chosen = new ChosenJobs();
  readonly views = new SavedViews();
  #list: Route = { view: 'jobs', filter: {} };

  constructor() {
    const narrow = matchMedia('(max-width: 1010px)');
    this.narrow = signal(narrow.matches);
    narrow.addEventListener('change', () => {
      this.narrow.value = narrow.matches;
    });
    addEventListener('hashchange', () => {
      this.route.value = parseRoute(location.hash);
    });
    this.session.staleSince.subscribe((since) => {
      document.documentElement.classList.toggle('is-stale', since !== undefined);
      if (since !== undefined) this.now.value = since;
    });
    this.route.subscribe((route) => {
      if (route.view === 'jobs' || route.view === 'group') this.#list = route;
    });
    setInterval(() => {
      if (document.hidden) return;
      this.tick.value = Date.now();
      if (this.session.staleSince.value === undefined) this.now.value = this.tick.value;
    }, 1_000);
  }

  /** Where the list is that was looked at last, with its filter: the way back from one of its jobs. */
  get listHref(): string {
    return hrefOf(this.#list);
  }

  /**
   * Shows another filter of the same view: at once, so that the field keeps up with typing, and without a step in the
   * history.
   */
  refine(route: Route): void {
    history.replaceState(history.state, '', hrefOf(route));
    this.route.value = route;
  }
}

const context = createContext<Model | undefined>(undefined);

export const ModelProvider = context.Provider;

export function useModel(): Model {
  const model = useContext(context);
  if (model === undefined) throw new Error('outside of the page');
  return model;
}
