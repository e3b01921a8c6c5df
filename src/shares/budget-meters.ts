import { Counter, Gauge, type Registry } from 'prom-client';
import type { Shares } from './shares.js';

type Counted = Pick<Shares<unknown>, 'held' | 'refused' | 'gaveWay'>;

/** What is left of the budgets that owners share, for Prometheus. */
export class BudgetMeters {
  readonly #budgets = new Map<string, Counted>();

  constructor(registry: Registry) {
    const budgets = this.#budgets;
    const labelNames = ['budget'] as const;
    const registers = [registry];
    new Gauge({
      labelNames,
      registers,
      name: 'inkwire_budget_held',
      help: 'What owners hold of a budget that they share: bytes, places or topics',
      collect() {
        for (const [budget, shares] of budgets) this.set({ budget }, shares.held);
      },
    });
    const count = (name: string, help: string, of: (counted: Counted) => number): void => {
      new Counter({
        labelNames,
        registers,
        name,
        help,
        collect() {
          this.reset();
          for (const [budget, shares] of budgets) this.inc({ budget }, of(shares));
        },
      });
    };
    count('inkwire_budget_refused_total', 'Requests for more that were refused', ({ refused }) => refused);
    count(
      'inkwire_budget_gave_way_total',
      'What lost its part of a budget to an owner with less',
      ({ gaveWay }) => gaveWay,
    );
  }

  add(budget: string, shares: Counted): void {
    this.#budgets.set(budget, shares);
  }
}
