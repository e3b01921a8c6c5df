import { useState } from 'preact/hooks';
import { useAddress, useAnswer } from '../answer.js';
import type { OpenSession } from '../session.js';
import { Pager } from './pager.js';

/** Pixels: sharp on screens of two device pixels at the size that is shown. */
const imageWidth = 1_000;

export interface PageViewerProps {
  readonly open: OpenSession;
  readonly id: string;
  /** Undefined where the record does not say: then there is at least one. */
  readonly pages: number | undefined;
}

/** A document page by page, as images from the server. */
export function PageViewer({ open, id, pages = 1 }: PageViewerProps) {
  const [page, setPage] = useState(1);
  const { answer: image, fault } = useAnswer(
    async (signal) => ({ page, bytes: await open.client.thumbnail(id, { page, width: imageWidth, signal }) }),
    [open, id, page],
  );
  const address = useAddress(image?.bytes);

  return (
    <div class="viewer">
      {pages > 1 && <Pager page={page} pages={pages} onTurn={setPage} />}
      {fault !== undefined && (
        <p class="fault" role="alert">
          {fault}
        </p>
      )}
      <div
        class={`sheet${image?.page === page ? '' : ' sheet-waits'}`}
        aria-busy={image?.page !== page && fault === undefined}
      >
        {image === undefined && fault === undefined && <p class="quiet centred">Loading …</p>}
        {image !== undefined && fault === undefined && (
          <img src={address} alt={`Page ${image.page} of the document`} />
        )}
      </div>
    </div>
  );
}
