import { useEffect, useState } from 'preact/hooks';
import { useModel } from '../model.js';
import { type OpenSession, reasonOf, useReturn } from '../session.js';
import { Icon } from './icon.js';

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
  const { session } = useModel();
  const [page, setPage] = useState(1);
  const [image, setImage] = useState<{ readonly page: number; readonly address: string }>();
  const [fault, setFault] = useState<string>();
  const again = useReturn(session, fault);

  useEffect(() => {
    const gone = new AbortController();
    open.client.thumbnail(id, { page, width: imageWidth, signal: gone.signal }).then(
      (blob) => {
        if (gone.signal.aborted) return;
        setFault(undefined);
        setImage({ page, address: URL.createObjectURL(blob) });
      },
      (error: unknown) => {
        if (gone.signal.aborted) return;
        session.refuse(error);
        setFault(reasonOf(error));
      },
    );
    return () => gone.abort();
  }, [open, id, page, session, again]);
  useEffect(() => {
    if (image !== undefined) return () => URL.revokeObjectURL(image.address);
  }, [image]);

  const turn = (to: number) => setPage(Math.min(pages, Math.max(1, to)));
  return (
    <div class="viewer">
      {pages > 1 && (
        <div class="pager">
          <button
            type="button"
            class="icon-button"
            aria-label="Page before"
            disabled={page <= 1}
            onClick={() => turn(page - 1)}
          >
            <Icon name="left" />
          </button>
          <label>
            Page{' '}
            <input
              type="number"
              min={1}
              max={pages}
              value={page}
              onChange={(event) => turn(event.currentTarget.valueAsNumber || 1)}
            />{' '}
            of {pages}
          </label>
          <button
            type="button"
            class="icon-button"
            aria-label="Next page"
            disabled={page >= pages}
            onClick={() => turn(page + 1)}
          >
            <Icon name="right" />
          </button>
        </div>
      )}
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
          <img src={image.address} alt={`Page ${image.page} of the document`} />
        )}
      </div>
    </div>
  );
}
