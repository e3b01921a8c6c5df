import { useEffect, useRef, useState } from 'preact/hooks';
import type { InkwirePages } from '../../viewer/inkwire-pages.js';
import { useAnswer, useReturn } from '../answer.js';
import { useModel } from '../model.js';
import type { OpenSession } from '../session.js';

export interface PageViewerProps {
  readonly open: OpenSession;
  readonly id: string;
  /** Of several PDFs. */
  readonly artifact?: string | undefined;
}

/** The pages of a document, by the element that other pages have, too. */
export function PageViewer({ open, id, artifact }: PageViewerProps) {
  const { session } = useModel();
  const place = useRef<HTMLDivElement>(null);
  const { answer, fault } = useAnswer(() => import('../../viewer/inkwire-pages.js'), []);
  const viewer = useRef<InkwirePages>(undefined);
  const [failed, setFailed] = useState(false);
  const again = useReturn(failed ? true : undefined);
  useEffect(() => {
    if (answer === undefined || place.current === null) return;
    const element = new answer.InkwirePages();
    element.connect({
      http: open.http,
      watch: (job, signal) => open.client.watch(job, { signal, progressMs: 500 }),
    });
    element.setAttribute('job', id);
    if (artifact !== undefined) element.setAttribute('artifact', artifact);
    element.addEventListener('ready', () => setFailed(false));
    element.addEventListener('fault', (event) => {
      const { error, page } = (event as CustomEvent<{ readonly error: unknown; readonly page?: number }>)
        .detail;
      session.refuse(error);
      // One page says so in its place.
      if (page === undefined) setFailed(true);
    });
    viewer.current = element;
    place.current.replaceChildren(element);
    return () => element.remove();
  }, [answer, open, id, artifact, session]);
  useEffect(() => {
    if (failed) viewer.current?.reload();
  }, [again]);
  if (fault !== undefined) {
    return (
      <p class="fault" role="alert">
        {fault}
      </p>
    );
  }
  return <div class="viewer" ref={place} />;
}
