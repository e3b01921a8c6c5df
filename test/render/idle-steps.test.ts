import { describe, expect, it } from 'vitest';
import { IdleSteps } from '../../src/render/idle-steps.js';

/** Something that ends when it is told to. */
function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open };
}

describe('steps of an idle thread', () => {
  it('are taken one by one', async () => {
    const order: string[] = [];
    const done = gate();
    const step = (name: string) => async () => {
      order.push(`${name} begins`);
      await Promise.resolve();
      order.push(`${name} ends`);
      if (name === 'c') done.open();
    };
    const steps = new IdleSteps();
    steps.add([step('a'), step('b')]);
    steps.add([step('c')]);
    await done.opened;
    expect(order).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
  });

  it('let a task in between, and wait for its end', async () => {
    const order: string[] = [];
    const steps = new IdleSteps();
    const [begun, end, done] = [gate(), gate(), gate()];
    const first = async () => {
      begun.open();
      await end.opened;
      order.push('first step');
    };
    const second = async () => {
      order.push('second step');
      done.open();
    };
    steps.add([first, second]);
    await begun.opened;
    const task = steps.task(async () => {
      order.push('task begins');
      // As many turns of the event loop as a step would need to slip in.
      for (let turn = 0; turn < 5; turn += 1) await new Promise((resolve) => setImmediate(resolve));
      order.push('task ends');
    });
    end.open();
    await task;
    await done.opened;
    expect(order).toEqual(['first step', 'task begins', 'task ends', 'second step']);
  });

  it('go on after a task that fails', async () => {
    const steps = new IdleSteps();
    const done = gate();
    await expect(steps.task(() => Promise.reject(new Error('no paper')))).rejects.toThrow('no paper');
    steps.add([async () => done.open()]);
    await done.opened;
  });
});
