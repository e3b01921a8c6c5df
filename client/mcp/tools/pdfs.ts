import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { answered, briefly, pageOf, refused, told } from '../answers.js';
import { type Extra, makeJob } from '../following.js';
import type { May, ToolParts } from '../tool-parts.js';
import { look } from './documents.js';

/** Base64 of as many bytes is as much as a model should hold. */
const maxBase64 = 8_000_000;

interface Source {
  readonly job_id?: string | undefined;
  readonly base64?: string | undefined;
  readonly file?: string | undefined;
}

/** Forms and text of PDFs that are there already. */
export function addPdfTools(mcp: McpServer, { inkwire, files }: ToolParts, may: May): void {
  if (!may('jobs:write') || !may('jobs:read')) return;
  const source = {
    job_id: z.string().optional().describe('The result of a job'),
    base64: z.string().max(maxBase64).optional().describe('The PDF itself'),
  };
  const file = z.string().optional().describe('In the folder that is open');
  const pdf: z.ZodType<Source> = z
    .object(files.areOpen ? { ...source, file } : source)
    .describe('One of its members says where the PDF is');

  const bytesOf = async ({ job_id, base64, file }: Source, signal: AbortSignal): Promise<Blob> => {
    if ([job_id, base64, file].filter((each) => each !== undefined).length !== 1)
      throw new Error('Say where the PDF is by one member: job_id, base64 or file.');
    if (base64 !== undefined) return new Blob([Buffer.from(base64, 'base64')]);
    if (file !== undefined) return files.read(file);
    const download = await inkwire.download(job_id ?? '', { signal });
    return new Blob([await download.bytes()]);
  };
  /** A job over a PDF, which is uploaded as a part. */
  const made = async (kind: string, part: string, from: Source, members: object, extra: Extra) => {
    const form = new FormData();
    form.append('kind', kind);
    form.append('request', JSON.stringify(members));
    form.append(part, await bytesOf(from, extra.signal), 'file.pdf');
    return makeJob(inkwire, form, extra);
  };
  const textOf = async (jobId: string) =>
    new TextDecoder().decode(await (await inkwire.download(jobId)).bytes());

  mcp.registerTool(
    'pdf_text',
    {
      title: 'Read a PDF',
      description: 'The text of a PDF.',
      inputSchema: {
        pdf,
        page_index: z.int().min(0).optional().describe('From 0; all pages where left out'),
      },
    },
    ({ pdf: from, page_index }, extra) =>
      answered(async () => {
        const job = await made('extract_text', 'pdf_data', from, { page_index }, extra);
        if (job.status !== 'completed') return refused(JSON.stringify(briefly(job), null, 1));
        return { content: [{ type: 'text', text: JSON.parse(await textOf(job.job_id)).text }] };
      }),
  );

  mcp.registerTool(
    'read_form',
    {
      title: 'What a form asks for',
      description: 'The fields of the form of a PDF: names, types, choices and values.',
      inputSchema: { pdf },
    },
    ({ pdf: from }, extra) =>
      answered(async () => {
        const job = await made('read_form', 'pdf_file', from, {}, extra);
        if (job.status !== 'completed') return refused(JSON.stringify(briefly(job), null, 1));
        return told(JSON.parse(await textOf(job.job_id)));
      }),
  );

  mcp.registerTool(
    'fill_form',
    {
      title: 'Fill a form',
      description:
        'Fills the form of a PDF; answers with the job and a picture of a page. read_form tells the fields.',
      inputSchema: {
        pdf,
        values: z
          .record(z.string(), z.string())
          .describe('By the full names of fields; a box is on by "yes"'),
        flatten: z.boolean().optional().describe('Make the form part of the page'),
        ...look,
      },
    },
    ({ pdf: from, values, flatten, page, width }, extra) =>
      answered(async () => {
        const fields = Object.entries(values).map(([name, text]) => ({ name, value: { static: text } }));
        const job = await made('fill_form', 'pdf_file', from, { fields, flatten }, extra);
        if (job.status !== 'completed') return refused(JSON.stringify(briefly(job), null, 1));
        return told(briefly(job), await pageOf(inkwire, job.job_id, page, width));
      }),
  );
}
