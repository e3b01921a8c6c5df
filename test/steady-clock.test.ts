import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SteadyClock } from '../src/steady-clock.js';

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;
const day = 24 * hour;
const start = Date.UTC(2026, 10, 28);

/** A machine whose date may be set, and that may sleep. */
class Machine {
  wall = start;
  elapsed = 5_000;
  awake = 90_000;
  readonly steps: number[] = [];
  readonly adopted: number[] = [];
  readonly clock = new SteadyClock({
    wall: () => this.wall,
    elapsed: () => this.elapsed,
    awake: () => this.awake,
    onStep: (ms) => this.steps.push(ms),
    onAdopted: (ms) => this.adopted.push(ms),
  });

  /** Time goes on, and somebody asks for it each second. */
  pass(ms: number, everyMs = second): number {
    for (let left = ms; left > 0; left -= everyMs) {
      const by = Math.min(left, everyMs);
      this.wall += by;
      this.elapsed += by;
      this.awake += by;
      this.clock.now();
    }
    return this.clock.now();
  }

  set(ms: number): void {
    this.wall += ms;
  }

  sleep(ms: number): void {
    this.wall += ms;
    this.awake += ms;
  }
}

describe('a steady clock', () => {
  it('is the date, with what a time service corrects at once', () => {
    const machine = new Machine();
    expect(machine.clock.now()).toBe(start);
    expect(machine.pass(10 * second)).toBe(start + 10 * second);
    machine.set(400);
    expect(machine.clock.now()).toBe(start + 10 * second + 400);
    machine.set(-300);
    // Not back: it waits for the date.
    expect(machine.clock.now()).toBe(start + 10 * second + 400);
    expect(machine.pass(second)).toBe(start + 11 * second + 100);
    expect(machine.steps).toEqual([]);
  });

  it.each([
    ['an hour back', -hour],
    ['two hours ahead', 2 * hour],
    ['eight days ahead', 8 * day],
  ])('goes on when the date is set %s, and set right again', (_, ms) => {
    const machine = new Machine();
    machine.pass(minute);
    machine.set(ms);
    expect(machine.clock.settledMs).toBeGreaterThan(0);
    expect(machine.pass(50 * minute)).toBe(start + 51 * minute);
    expect(machine.clock.settledMs).toBe(0);
    expect(machine.steps).toEqual([ms]);
    machine.set(-ms);
    expect(machine.pass(minute)).toBe(start + 52 * minute);
    expect([machine.clock.settledMs > 0, machine.steps, machine.adopted]).toEqual([true, [ms], []]);
  });

  it('believes a later date that has kept for an hour', () => {
    const machine = new Machine();
    machine.set(8 * day);
    expect(machine.pass(59 * minute)).toBe(start + 59 * minute);
    expect(machine.pass(2 * minute)).toBe(start + 8 * day + 61 * minute);
    expect([machine.adopted, machine.clock.settledMs > 0]).toEqual([[8 * day], true]);
  });

  it('waits for an earlier date that has kept for an hour, and never goes back', () => {
    const machine = new Machine();
    machine.set(-10 * minute);
    machine.pass(hour + minute);
    expect(machine.adopted).toEqual([-10 * minute]);
    let before = machine.clock.now();
    for (let n = 0; n < 99; n += 1) {
      const now = machine.pass(minute);
      expect(now - before).toBeGreaterThanOrEqual(53 * second);
      expect(now - before).toBeLessThanOrEqual(minute);
      before = now;
    }
    expect(machine.pass(10 * minute)).toBe(machine.wall);
    expect([machine.clock.settledMs > 0, machine.steps]).toEqual([true, [-10 * minute]]);
  });

  it('begins to wait anew when the date is set again', () => {
    const machine = new Machine();
    machine.set(2 * hour);
    machine.pass(50 * minute);
    machine.set(3 * hour);
    expect(machine.pass(50 * minute)).toBe(start + 100 * minute);
    expect(machine.steps).toEqual([2 * hour, 5 * hour]);
    expect(machine.pass(11 * minute)).toBe(start + 5 * hour + 111 * minute);
  });

  it('believes at once that the machine has slept', () => {
    const machine = new Machine();
    machine.pass(minute);
    machine.sleep(8 * hour);
    expect(machine.pass(second)).toBe(start + 8 * hour + 61 * second);
    expect(machine.steps).toEqual([]);
    machine.set(8 * hour);
    expect(machine.pass(second)).toBe(start + 8 * hour + 62 * second);
    expect(machine.steps).toEqual([8 * hour]);
  });

  it('is not moved by a process that stood between the readings of two clocks', () => {
    const machine = new Machine();
    let stands = 0;
    const clock = new SteadyClock({
      wall: () => machine.wall,
      elapsed() {
        const { elapsed } = machine;
        if (stands > 0) {
          stands -= 1;
          machine.pass(65 * second, 65 * second);
        }
        return elapsed;
      },
      awake: () => machine.awake,
      onStep: (ms) => machine.steps.push(ms),
    });
    clock.now();
    stands = 2;
    clock.now();
    for (let n = 0; n < 10; n += 1) {
      machine.pass(second);
      clock.now();
    }
    expect([clock.now(), machine.steps]).toEqual([machine.wall, []]);
  });

  it('tells for how long the date has been right again', () => {
    const machine = new Machine();
    machine.pass(minute);
    expect(machine.clock.settledMs).toBe(Number.POSITIVE_INFINITY);
    machine.set(-7 * hour);
    machine.pass(30 * minute);
    expect(machine.clock.settledMs).toBe(0);
    machine.set(7 * hour);
    machine.pass(2 * hour);
    expect(machine.clock.settledMs).toBe(2 * hour - second);
    machine.set(8 * day);
    machine.pass(hour + minute);
    // Believed by then.
    expect(machine.clock.settledMs).toBeLessThanOrEqual(minute);
  });

  it('is not moved by a process that stood still', () => {
    const machine = new Machine();
    expect(machine.pass(65 * second, 65 * second)).toBe(start + 65 * second);
    expect(machine.steps).toEqual([]);
  });

  it('never goes back, and tells elapsed time to a second while no date keeps for an hour', () => {
    const change = fc.record({
      ms: fc.integer({ min: -9 * day, max: 9 * day }),
      minutes: fc.integer({ min: 1, max: 50 }),
    });
    fc.assert(
      fc.property(fc.array(change, { maxLength: 12 }), (changes) => {
        const machine = new Machine();
        let before = machine.clock.now();
        let passed = 0;
        for (const { ms, minutes } of changes) {
          machine.set(ms);
          const now = machine.pass(minutes * minute, minute);
          passed += minutes * minute;
          expect(now).toBeGreaterThanOrEqual(before);
          before = now;
          machine.wall = start + passed;
          // Seen to be right: one and the same wrong date, twice in a row, may else have kept for an hour.
          machine.clock.now();
        }
        expect(Math.abs(machine.pass(second) - (start + passed + second))).toBeLessThanOrEqual(second);
      }),
    );
  });
});
