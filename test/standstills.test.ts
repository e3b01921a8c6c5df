import { expect, it } from 'vitest';
import { Standstills } from '../src/standstills.js';

const minute = 60_000;

class Machine {
  #elapsed = 5_000;
  #awake = 90_000;
  readonly standstills = new Standstills({ elapsed: () => this.#elapsed, awake: () => this.#awake });

  stand(ms: number, { sleeps = false } = {}): number {
    this.#elapsed += sleeps ? 0 : ms;
    this.#awake += ms;
    return this.standstills.recentMs();
  }

  run(ms: number): number {
    for (let left = ms; left > 0; left -= 250) this.stand(Math.min(250, left));
    return this.standstills.recentMs();
  }
}

it('tells how long the process stood of late, stopped or asleep, and forgets it after ten minutes', () => {
  const machine = new Machine();
  expect(machine.run(minute)).toBe(0);
  // The delay of a busy machine.
  expect(machine.stand(900)).toBe(0);
  expect(machine.stand(65_250)).toBe(65_000);
  expect(machine.run(5 * minute)).toBe(65_000);
  expect(machine.stand(3_600_250, { sleeps: true })).toBe(3_665_000 - 65_000);
  expect(machine.run(9 * minute)).toBe(3_600_000);
  expect(machine.run(minute)).toBe(0);
  machine.standstills.close();
});
