import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { answered, briefly, pageOf, refused, told } from '../answers.js';
import { followJob } from '../following.js';
import type { May, ToolParts } from '../tool-parts.js';
import { look } from './documents.js';

const jobId = z
  .string()
  .regex(/^job_[0-9a-f]{24}$/)
  .describe('Such as job_0123456789abcdef01234567');

/** What has become of jobs, whoever made them. */
export function addJobTools(mcp: McpServer, { inkwire, files }: ToolParts, may: May): void {
  if (may('jobs:read')) {
    mcp.registerTool(
      'list_jobs',
      {
        title: 'Find jobs',
        description: 'Jobs of the owner of the key, newest first.',
        inputSchema: {
          search: z.string().optional().describe('Words of title, reference, file name, tags, group or kind'),
          status: z.enum(['pending', 'running', 'completed', 'failed', 'cancelled']).optional(),
          group: z.string().optional(),
          limit: z.int().min(1).max(100).default(20),
          cursor: z.string().optional().describe('next_cursor of the answer before'),
        },
        annotations: { readOnlyHint: true },
      },
      (options, { signal }) =>
        answered(async () => {
          const { jobs, next_cursor } = await inkwire.list({ ...options, signal });
          return told({ jobs: jobs.map(briefly), next_cursor });
        }),
    );

    mcp.registerTool(
      'wait_for_job',
      {
        title: 'Wait for a job',
        description:
          'Follows a job to its end, with progress; answers with its record and what failed, if it did.',
        inputSchema: { job_id: jobId },
        annotations: { readOnlyHint: true },
      },
      ({ job_id }, extra) => answered(async () => told(briefly(await followJob(inkwire, job_id, extra)))),
    );

    mcp.registerTool(
      'get_job',
      {
        title: 'How far a job is',
        description: 'The record of a job as it is now.',
        inputSchema: { job_id: jobId },
        annotations: { readOnlyHint: true },
      },
      ({ job_id }, { signal }) => answered(async () => told(briefly(await inkwire.get(job_id, { signal })))),
    );

    mcp.registerTool(
      'look_at_page',
      {
        title: 'Look at a page',
        description: 'A picture of a page of what a completed job has made.',
        inputSchema: { job_id: jobId, ...look },
        annotations: { readOnlyHint: true },
      },
      ({ job_id, page, width }) =>
        answered(async () => ({ content: [...(await pageOf(inkwire, job_id, page, width))] })),
    );

    mcp.registerTool(
      'link_to_result',
      {
        title: 'A link for people',
        description: 'An address under which anybody may read the result of a job, for some time.',
        inputSchema: { job_id: jobId, seconds: z.int().min(10).max(86_400).default(600) },
        annotations: { readOnlyHint: true },
      },
      ({ job_id, seconds }, { signal }) =>
        answered(async () => told(await inkwire.link(job_id, { seconds, signal }))),
    );
    if (files.areOpen) addSaving(mcp, { inkwire, files });
  }

  if (may('jobs:write')) {
    mcp.registerTool(
      'cancel_job',
      {
        title: 'Stop a job',
        description: 'Stops a job that waits or runs; one that has ended stays as it is.',
        inputSchema: { job_id: jobId },
        annotations: { idempotentHint: true },
      },
      ({ job_id }, { signal }) =>
        answered(async () => told(briefly(await inkwire.cancel(job_id, { signal })))),
    );
  }
}

function addSaving(mcp: McpServer, { inkwire, files }: Pick<ToolParts, 'inkwire' | 'files'>): void {
  mcp.registerTool(
    'save_result',
    {
      title: 'Save a result',
      description: 'Writes the result of a job into a file of the folder that is open.',
      inputSchema: {
        job_id: jobId,
        file: z.string().min(1).describe('Its name, or a path within the folder'),
      },
    },
    ({ job_id, file }, { signal }) =>
      answered(async () => {
        const job = await inkwire.get(job_id, { signal });
        if (job.status !== 'completed') return refused(`The job is ${job.status}.`);
        const bytes = await (await inkwire.download(job_id, { signal })).bytes();
        return told({ saved: await files.write(file, bytes), size_bytes: bytes.length });
      }),
  );
}
