import { type Drawer, PageFailed, type PagePicture } from './source.js';

/** Behind a page that took longer to draw the next one waits until it is told of: the thread hears of nothing while it draws. */
const quickMs = 100;

/**
 * Draws pages one after the other and tells each in turn. The next one is drawn while the one before is encoded, which happens on
 * threads of the encoder: of no more than two pages there is more than a file at any time.
 * @param indexes from 0
 * @param tell with what is known of the page; what it throws ends the drawing
 * @param now milliseconds
 */
export async function drawPages(
  drawer: Drawer,
  indexes: readonly number[],
  tell: (index: number, page: PagePicture | PageFailed) => void,
  now = () => performance.now(),
): Promise<void> {
  let told = Promise.resolve();
  let drawn: Promise<unknown> = told;
  try {
    for (const index of indexes) {
      const from = now();
      const picture = await pictureOf(drawer, index);
      const before = told;
      drawn = picture.settled;
      told = Promise.all([picture.settled, before]).then(([page]) => tell(index, page));
      // It is waited for below, perhaps after it has failed.
      told.catch(() => undefined);
      await (now() - from <= quickMs ? before : told);
    }
  } finally {
    // Nothing is encoded any more when the drawer is closed, whatever has ended the drawing.
    await Promise.allSettled([told, drawn]);
  }
  await told;
}

/** In an object, since a promise of a promise is that promise. */
async function pictureOf(
  drawer: Drawer,
  index: number,
): Promise<{ readonly settled: Promise<PagePicture | PageFailed> }> {
  try {
    const { picture } = await drawer.draw(index);
    return { settled: picture.catch(failureOf) };
  } catch (error) {
    return { settled: Promise.resolve(failureOf(error)) };
  }
}

function failureOf(error: unknown): PageFailed {
  if (error instanceof PageFailed) return error;
  throw error;
}
