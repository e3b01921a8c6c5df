import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import type { EndedJob, JobRequest } from '../../sdk/node.js';
import { answered, briefly, defaultWidth, pageOf, refused, told } from '../answers.js';
import { type Extra, makeJob } from '../following.js';
import { asWritten, type May, type ToolParts } from '../tool-parts.js';

/** Which page is looked at. */
export const look = {
  page: z.int().min(1).default(1).describe('Which page to look at'),
  width: z.int().min(16).max(1200).default(defaultWidth).describe('Of its picture, pixels'),
};

const operations = z
  .array(z.looseObject({ type: z.string().describe('Such as add_text, add_table, add_image') }))
  .min(1)
  .describe(
    'What is drawn, in this order. Examples: {"type":"add_text","text":"Invoice","font_size":20,"heading":1}; ' +
      '{"type":"add_table","headers":["Item","Amount"],"rows":[["Work","160.00"]],"align":["left","right"]}. ' +
      'describe_operation tells all members of each.',
  );

const document = z
  .looseObject({
    operations,
    page_size: z.string().optional().describe('A3, A4 (default), A5, Letter, Legal, Tabloid'),
    orientation: z.enum(['portrait', 'landscape']).optional(),
    title: z.string().optional().describe('Of the document and of its job'),
  })
  .describe('Further members: header, footer, margin_mm, fonts, watermark, language, group, tags, file_name');

const design = {
  design: z.string().describe('Id of a stored design; the resources inkwire://designs/{id} are these'),
  version: z.int().min(1).optional().describe('The newest where left out'),
  params: z.record(z.string(), z.unknown()).describe('Values for its parameters, which its resource names'),
  title: z.string().optional(),
};

/** Documents from operations and from designs, and a look at them. */
export function addDocumentTools(mcp: McpServer, { inkwire, reference }: ToolParts, may: May): void {
  const made = (request: JobRequest, page: number, width: number, extra: Extra) =>
    answered(async () => shown(await makeJob(inkwire, request, extra), page, width));
  const shown = async (job: EndedJob, page: number, width: number) => {
    if (job.status !== 'completed') return refused(JSON.stringify(briefly(job), null, 1));
    return told(briefly(job), await pageOf(inkwire, job.job_id, page, width));
  };

  mcp.registerTool(
    'describe_operation',
    {
      title: 'What an operation takes',
      description: 'The JSON schema of an operation of documents; without a name the names of all of them.',
      inputSchema: { name: z.string().optional().describe('Such as add_table') },
      annotations: { readOnlyHint: true },
    },
    ({ name }) =>
      answered(async () => {
        if (name === undefined) return told(await reference.operations());
        const schema = await reference.operation(name);
        if (schema !== undefined) return told(schema);
        return refused(`There is no ${name}. There are: ${(await reference.operations()).join(', ')}`);
      }),
  );

  if (may('jobs:write') && may('jobs:read')) {
    mcp.registerTool(
      'make_document',
      {
        title: 'Make a document',
        description: 'Makes a PDF from drawing operations; answers with its job and a picture of a page.',
        inputSchema: { document, ...look },
      },
      ({ document: { operations: list, ...rest }, page, width }, extra) =>
        made(asWritten({ ...rest, kind: 'document', operations: list }), page, width, extra),
    );

    mcp.registerTool(
      'fill_design',
      {
        title: 'Fill a design',
        description:
          'Makes a PDF from a stored design and values; answers with its job and a picture of a page.',
        inputSchema: { ...design, ...look },
      },
      ({ page, width, ...request }, extra) =>
        made(asWritten({ kind: 'report', ...request }), page, width, extra),
    );
  }

  if (may('render')) {
    mcp.registerTool(
      'preview_document',
      {
        title: 'Look at a draft',
        description:
          'Draws a page of a document or of a filled design without making a job; nothing is kept.',
        inputSchema: {
          document: document.optional(),
          design: z.object(design).optional().describe('In the place of a document'),
          ...look,
        },
        annotations: { readOnlyHint: true },
      },
      ({ document: drawn, design: filled, page, width }, { signal }) =>
        answered(async () => {
          if ((drawn === undefined) === (filled === undefined))
            return refused('Give a document or a design.');
          const request =
            filled === undefined ? { kind: 'document', ...drawn } : { kind: 'report', ...filled };
          const draft = await inkwire.preview(asWritten(request), { page, width, signal });
          const { image, areas: _, ...rest } = draft;
          if (image === undefined) return told(rest);
          const data = Buffer.from(image).toString('base64');
          return told(rest, [{ type: 'image', data, mimeType: 'image/png' }]);
        }),
    );
  }
}
