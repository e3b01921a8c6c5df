import { readFile } from 'node:fs/promises';
import type { RunContext } from '../../../kind.js';
import type { ProgramFile, ProgramLimits } from '../../../program-call.js';
import type { Delimiter, OfficeFormat, TextFormat } from './identified.js';
import { type ProgramRefusals, runProgram } from './program-runs.js';
import { refuseInput } from './refusals.js';

/** LibreOffice: one that is kept started for the owner, or one for the document alone. */

export interface OfficeSource {
  /** Of a file that the task was given. */
  readonly path: string;
  readonly document: { readonly format: OfficeFormat } | TextFormat;
  readonly pointer: string;
}

type Engine = 'writer' | 'calc' | 'impress';

/** By which filter a document is read, whatever else it may look like, and by which engine it is drawn. */
const filters: Readonly<Record<OfficeFormat, readonly [filter: string, engine: Engine]>> = {
  doc: ['MS Word 97', 'writer'],
  docx: ['MS Word 2007 XML', 'writer'],
  odt: ['writer8', 'writer'],
  rtf: ['Rich Text Format', 'writer'],
  xls: ['MS Excel 97', 'calc'],
  xlsx: ['Calc MS Excel 2007 XML', 'calc'],
  ods: ['calc8', 'calc'],
  ppt: ['MS PowerPoint 97', 'impress'],
  pptx: ['Impress MS PowerPoint 2007 XML', 'impress'],
  odp: ['impress8', 'impress'],
};

const limits: ProgramLimits = {
  wallMs: 120_000,
  memoryMb: 1_024,
  outputBytes: 512 * 1024 * 1024,
  processes: 128,
};
const utf8 = 76;
const windows1252 = 1;

/**
 * Makes a PDF of a document: the path of a file that is there until the task ends. Rejects with `RenderFailure` where the
 * program is missing, ended by a limit, or makes nothing.
 * @param pages ranges as in `1-3,7`; pages of the PDF are counted from 1 whatever they were in the document
 */
export async function officePdf(
  context: Pick<RunContext, 'program'>,
  { path, document, pointer }: OfficeSource,
  pages: string,
): Promise<string> {
  const [filter, engine] = filterOf(document);
  const name = `document.${document.format}`;
  const refusals: ProgramRefusals = {
    missing: 'noOffice',
    time: 'officeTime',
    limits: 'officeLimits',
    pointer,
  };
  const { remains } = await runProgram(
    context,
    {
      program: 'soffice',
      args: [
        `--infilter=${filter}`,
        ...[
          '--convert-to',
          `pdf:${engine}_pdf_Export:${exportOptions(pages)}`,
          '--outdir',
          '.',
          `../in/${name}`,
        ],
      ],
      files: [await fileOf(name, path, document)],
      limits,
    },
    refusals,
  );
  // It says 0 for a document that it could not read as well.
  const made = remains.files.find((file) => file.name === 'document.pdf' && file.sizeBytes > 0);
  if (made === undefined) throw refuseInput('office', pointer);
  return made.path;
}

function exportOptions(pages: string): string {
  return JSON.stringify({
    PageRange: { type: 'string', value: pages },
    // What a page image has no use for.
    ExportBookmarks: { type: 'boolean', value: 'false' },
    UseTaggedPDF: { type: 'boolean', value: 'false' },
  });
}

function filterOf(document: OfficeSource['document']): readonly [filter: string, engine: Engine] {
  switch (document.format) {
    case 'txt':
      return [`Text (encoded):${document.encoding === 'windows-1252' ? 'MS_1252' : 'UTF8'},LF,,,`, 'writer'];
    case 'csv':
      return [csvFilter(document), 'calc'];
    default:
      return filters[document.format];
  }
}

const codeOf: Readonly<Record<Delimiter, number>> = { ',': 44, ';': 59, '\t': 9 };

function csvFilter({ delimiter = ',', encoding }: TextFormat): string {
  const charset = encoding === 'windows-1252' ? windows1252 : utf8;
  return `Text - txt - csv (StarCalc):${codeOf[delimiter]},34,${charset},1`;
}

/** UTF-16 goes in as UTF-8: the filters know it by other names in each release. */
async function fileOf(name: string, path: string, document: OfficeSource['document']): Promise<ProgramFile> {
  if (!('encoding' in document) || !document.encoding.startsWith('utf-16')) return { name, path };
  return { name, bytes: Buffer.from(new TextDecoder(document.encoding).decode(await readFile(path))) };
}
