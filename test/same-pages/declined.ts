import type { FontRegistry } from '../../src/render/fonts/registry.js';
import { RenderFailure } from '../../src/render/kind.js';
import type { Back } from '../../src/render/kinds/document/backs.js';
import { drawOwn } from '../../src/render/kinds/document/own-back.js';
import { render } from '../render/document-fixture.js';

class Declined extends Error {}

/** What of a document our own layout does not draw; undefined where it draws it, null where nobody does. */
export async function declinedOf(
  registry: FontRegistry,
  request: object,
): Promise<string | undefined | null> {
  const own: Back = (...all) => {
    const drawn = drawOwn(...all);
    if (typeof drawn === 'number') return drawn;
    throw new Declined(drawn.declined);
  };
  try {
    await render(registry, request, undefined, [own]);
    return undefined;
  } catch (error) {
    if (error instanceof Declined) return error.message;
    // The caller has to mend it.
    if (error instanceof RenderFailure) return null;
    throw error;
  }
}
