import { useAnswer } from '../answer.js';
import { examples } from '../examples.js';
import { bytesText } from '../format.js';
import { indented } from '../json-text.js';
import { useModel } from '../model.js';
import { SubmitForm } from '../parts/submit-form.js';
import { hrefOf } from '../routes.js';
import type { OpenSession } from '../session.js';

/** Characters: a text field with more is no place to edit. */
const editedLength = 500_000;

export interface SubmitPageProps {
  readonly open: OpenSession;
  /** Job whose request is begun with. */
  readonly from: string | undefined;
  /** Text that is begun with, from the address. */
  readonly request: string | undefined;
}

/** A new job, from an example, from another job, or written by hand. */
export function SubmitPage({ open, from, request }: SubmitPageProps) {
  const { drafts } = useModel();
  if (request !== undefined) return <SubmitForm open={open} title="New job" begin={request} />;
  if (from === undefined) {
    const example = examples[0];
    return <SubmitForm open={open} title="New job" begin={example?.text() ?? ''} example={example?.name} />;
  }
  const draft = drafts.get(from);
  if (draft === undefined) return <FetchedForm open={open} from={from} />;
  return <SubmitForm open={open} title={again} begin={draft} />;
}

const again = 'New job from another';

/** A job that was submitted elsewhere: its request comes from the server. */
function FetchedForm({ open, from }: { readonly open: OpenSession; readonly from: string }) {
  const asked = useAnswer(
    async (signal) => indented(await open.client.request(from, { signal })),
    [open, from],
  );
  const { answer: text } = asked;
  const tooLong = text !== undefined && text.length > editedLength;
  const fault = tooLong
    ? `Its request of ${bytesText(text.length)} is too long to be edited here. It can be saved from its page.`
    : asked.fault;
  if (text !== undefined && !tooLong) return <SubmitForm open={open} title={again} begin={text} />;
  return (
    <section class="view">
      <div class="view-head">
        <h1 tabIndex={-1}>{again}</h1>
      </div>
      {fault === undefined ? (
        <p class="quiet centred">Loading …</p>
      ) : (
        <>
          <p class="fault" role="alert">
            {fault}
          </p>
          <p>
            <a href={hrefOf({ view: 'job', id: from })}>To the job</a>
          </p>
        </>
      )}
    </section>
  );
}
