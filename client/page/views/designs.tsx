import { useAnswer } from '../answer.js';
import { listDesigns } from '../designs.js';
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
            <Icon name="page" />
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
