import { useEffect, useRef, useState } from 'preact/hooks';
import { useAddress, useAnswer } from '../answer.js';
import { type ListedDesign, listDesigns, pictureOfDesign } from '../designs.js';
import { Ago } from '../parts/ago.js';
import { Icon } from '../parts/icon.js';
import { ListState } from '../parts/list-state.js';
import { hrefOf } from '../routes.js';
import type { OpenSession } from '../session.js';

/** What documents are made from. */
export function DesignsPage({ open }: { readonly open: OpenSession }) {
  const { answer, fault } = useAnswer((signal) => listDesigns(open.http, signal), [open]);
  return (
    <section class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>Designs</h1>
        {open.mayWrite && (
          <a class="button primary" href={hrefOf({ view: 'design' })}>
            <Icon name="plus" /> New design
          </a>
        )}
      </div>
      <ListState answer={answer} fault={fault} none="No designs yet">
        A design is a document with places for values: write it once, and fill it for each invoice.
      </ListState>
      <ul class="groups">
        {answer?.map(({ id, label, version, created_at, shipped }) => (
          <li key={id} class="panel design">
            <DesignPicture design={{ id, version }} open={open} />
            <div>
              <h2>
                <a href={hrefOf({ view: 'design', id })}>{label === '' ? id : label}</a>
              </h2>
              <p class="quiet">
                <code>{id}</code>, version {version},{' '}
                {shipped ? 'comes with the server' : <Ago at={created_at} />}
              </p>
            </div>
          </li>
        ))}
      </ul>
    </section>
  );
}

interface DesignPictureProps {
  readonly open: OpenSession;
  readonly design: Pick<ListedDesign, 'id' | 'version'>;
}

/** Its first page, drawn when it comes into sight; a sign in its place where it cannot be drawn. */
function DesignPicture({ open, design: { id, version } }: DesignPictureProps) {
  const place = useRef<HTMLDivElement>(null);
  const [seen, setSeen] = useState(false);
  const [picture, setPicture] = useState<Blob>();
  const address = useAddress(picture);
  useEffect(() => {
    if (place.current === null) return;
    const watch = new IntersectionObserver(([entry]) => {
      if (entry?.isIntersecting === true) setSeen(true);
    });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (!seen) return;
    const gone = new AbortController();
    // A design that its samples do not fit has no picture: its own page says why.
    pictureOfDesign(open.http, { id, version }, gone.signal).then(setPicture, () => undefined);
    return () => gone.abort();
  }, [seen, open, id, version]);
  return (
    <div class="design-picture" ref={place}>
      {address === undefined ? <Icon name="page" /> : <img src={address} alt="" />}
    </div>
  );
}
