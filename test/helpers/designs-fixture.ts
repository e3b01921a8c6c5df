import { randomBytes } from 'node:crypto';
import { Designs } from '../../src/designs/designs.js';
import type { Engine } from '../../src/engine/engine.js';
import { openMemoryEngine } from '../../src/engine/memory/memory-engine.js';
import { readDesign } from '../../src/render/kinds/kinds.js';

export interface DesignsFixture {
  readonly designs: Designs;
  readonly engine: Engine;
  close(): Promise<void>;
}

export function designsOver({ library, blobs }: Engine, clock: () => number = Date.now): Designs {
  const random = (): string => randomBytes(12).toString('hex');
  return new Designs({ library, blobs, read: readDesign, clock, random });
}

/** Designs in memory, and no shipped ones. */
export async function openDesigns(clock?: () => number): Promise<DesignsFixture> {
  const engine = await openMemoryEngine({ fairness: { maxRunningPerOwner: 10, weights: {} } });
  return { designs: designsOver(engine, clock), engine, close: () => engine.close() };
}

/** A design of one line. */
export function letter(text = 'Dear {{name}}'): object {
  return {
    label: 'Letter',
    params: [
      { name: 'name', type: 'text', label: 'Name' },
      { name: 'count', type: 'number', label: 'Count' },
    ],
    samples: { ann: { name: 'Ann' } },
    operations: [{ type: 'add_text', text }],
  };
}
