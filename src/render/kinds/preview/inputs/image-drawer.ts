import { readFile } from 'node:fs/promises';
import { RenderFailure, type RunContext } from '../../../kind.js';
import type { PreviewRequest } from '../pages/plan.js';
import { type Drawer, PageFailed, type PagePicture, type Source } from '../pages/source.js';
import { drawImage, drawnFormats } from './image.js';

const pointer = '/input';
/** Pixels of its longer side. */
const placeholderSide = 32;
const placeholderQuality = 40;
/** Of a picture that this server has made, which is no larger than a picture may be. */
const ownMemoryMb = 256;

export function openImageDrawer(
  source: Extract<Source, { drawnBy: 'image' }>,
  path: string,
  request: PreviewRequest,
  context: RunContext,
): Drawer {
  const { format, pages, memoryMb } = source;
  const to = drawnFormats[request.format];
  const { width, height, quality } = request;
  const box = { ...(width === undefined ? {} : { width }), ...(height === undefined ? {} : { height }) };

  async function placeholderOf(bytes: Buffer): Promise<string> {
    const tiny = { page: 1, width: placeholderSide, height: placeholderSide, quality: placeholderQuality };
    const drawn = await drawImage(
      context,
      { source: { bytes }, format: to, pointer },
      { memoryMb: ownMemoryMb, pages: 1 },
      { ...tiny, to: 'webp' },
    );
    return `data:image/webp;base64,${(await readFile(drawn.path)).toString('base64')}`;
  }

  async function draw(index: number): Promise<PagePicture> {
    const image = { source: { path }, format, pointer };
    const drawn = await drawImage(
      context,
      image,
      { memoryMb, pages },
      { page: index + 1, ...box, to, quality },
    );
    const bytes = await readFile(drawn.path);
    return { width: drawn.width, height: drawn.height, bytes, placeholder: await placeholderOf(bytes) };
  }

  return {
    async draw(index) {
      try {
        // One at a time: another process does all of it, and each page of an image takes memory there.
        return { picture: Promise.resolve(await draw(index)) };
      } catch (error) {
        // Where there is one picture alone, its fault is that of the file.
        if (!(error instanceof RenderFailure) || pages === 1) throw error;
        throw new PageFailed('page_broken', `cannot be drawn: ${error.message}`);
      }
    },
    close: () => undefined,
  };
}
