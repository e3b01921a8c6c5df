import { useEffect, useState } from 'preact/hooks';
import type { ArtifactRecord, JobRecord } from '../../../src/protocol/job-record.js';
import { useAddress, useAnswer } from '../answer.js';
import { bytesText } from '../format.js';
import { outlineOf } from '../json-outline.js';
import { type OpenSession, reasonOf } from '../session.js';
import { FileButton } from './file-button.js';
import { PageViewer } from './page-viewer.js';

const pdfType = 'application/pdf';
/** A result of more bytes is saved, not shown. */
const shownBytes = { pdf: 50_000_000, text: 2_000_000 } as const;

/** What came out beside the pages: what is looked at in place, and every file to save. */
export function JobResult({ open, record }: { readonly open: OpenSession; readonly record: JobRecord }) {
  const { artifacts = [], kind } = record;
  const first = artifacts[0];
  if (first === undefined || record.result_url === undefined) {
    return <p class="panel quiet">The result is not kept any more. Retry makes it again.</p>;
  }
  const isText = first.content_type.startsWith('application/json') && kind !== 'preview';
  return (
    <>
      {isText && first.size_bytes <= shownBytes.text && (
        <JsonPart open={open} record={record} artifact={first} />
      )}
      {artifacts.length > 1 && <JobFiles open={open} record={record} />}
    </>
  );
}

/** Whether there are pages to look at: of a PDF that came out, or of a preview, also while it is drawn. */
export function hasPages({ status, kind, artifacts = [], result_url }: JobRecord): boolean {
  if (kind === 'preview') return status === 'running' || (status === 'completed' && result_url !== undefined);
  return status === 'completed' && result_url !== undefined && artifacts[0]?.content_type === pdfType;
}

/** The files that are there, to save: all of them at the end, those that were made by now before it. */
export function JobFiles({ open, record }: { readonly open: OpenSession; readonly record: JobRecord }) {
  const { artifacts = [], artifact_count: count = artifacts.length } = record;
  return (
    <section class="panel" aria-labelledby="files">
      <h2 id="files">{count > 1 ? `${count} files` : 'File'}</h2>
      <ul class="files">
        {artifacts.map(({ name, size_bytes }) => (
          <li key={name}>
            <span class="clip">{name}</span> <span class="quiet">{bytesText(size_bytes)}</span>
            <FileButton open={open} record={record} name={name} />
          </li>
        ))}
      </ul>
      {count > artifacts.length && <p class="quiet">The first {artifacts.length} are listed.</p>}
    </section>
  );
}

interface PartProps {
  readonly open: OpenSession;
  readonly record: JobRecord;
  readonly artifact: ArtifactRecord;
}

/** Page images, which every browser can show; the file itself where there is a viewer for it. */
export function JobDocument({ open, record }: { readonly open: OpenSession; readonly record: JobRecord }) {
  const [whole, setWhole] = useState(false);
  const pdf = record.artifacts?.find(({ content_type: type }) => type === pdfType);
  const viewer = navigator.pdfViewerEnabled && pdf !== undefined && pdf.size_bytes <= shownBytes.pdf;
  return (
    <section class="panel document" aria-labelledby="document">
      <div class="panel-head">
        <h2 id="document">Document</h2>
        {viewer && (
          <div class="buttons">
            <button type="button" class="small" aria-pressed={!whole} onClick={() => setWhole(false)}>
              Pages
            </button>
            <button type="button" class="small" aria-pressed={whole} onClick={() => setWhole(true)}>
              PDF
            </button>
          </div>
        )}
      </div>
      {whole && pdf !== undefined ? (
        <PdfFrame open={open} record={record} artifact={pdf} />
      ) : (
        <PageViewer open={open} id={record.job_id} />
      )}
    </section>
  );
}

function PdfFrame({ open, record, artifact }: PartProps) {
  const { answer: bytes, fault } = useAnswer(
    async (signal) => {
      const file = await open.client.download(record.job_id, { artifact: artifact.name, signal });
      return new Response(file.stream, { headers: { 'content-type': 'application/pdf' } }).blob();
    },
    [open, record.job_id, artifact.name],
  );
  const address = useAddress(bytes);
  if (fault !== undefined) {
    return (
      <p class="fault" role="alert">
        {fault}
      </p>
    );
  }
  if (address === undefined) return <p class="quiet centred">Loading …</p>;
  return <iframe class="pdf" src={address} title={`${artifact.name} of ${record.job_id}`} />;
}

function JsonPart({ open, record, artifact }: PartProps) {
  const [text, setText] = useState('Loading …');
  const [shortened, setShortened] = useState(false);
  useEffect(() => {
    const gone = new AbortController();
    const load = async () => {
      const file = await open.client.download(record.job_id, {
        artifact: artifact.name,
        signal: gone.signal,
      });
      const value: unknown = JSON.parse(new TextDecoder().decode(await file.bytes()));
      const outline = outlineOf(value);
      setText(outline.text);
      setShortened(outline.shortened);
    };
    load().catch((error: unknown) => {
      if (!gone.signal.aborted) setText(reasonOf(error));
    });
    return () => gone.abort();
  }, [open, record.job_id, artifact.name]);
  return (
    <section class="panel" aria-labelledby="content">
      <h2 id="content">{artifact.name}</h2>
      {shortened && <p class="quiet">Shortened: “Download” gives all of it.</p>}
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, also for those who have no mouse */}
      <pre class="code" tabIndex={0} role="region" aria-label={`Text of ${artifact.name}`}>
        {text}
      </pre>
    </section>
  );
}
