import type { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { z } from 'zod';
import { type BatchOutcome, InkwireError, type JobRequest } from '../../sdk/node.js';
import { answered, told } from '../answers.js';
import { tellerOf } from '../following.js';
import type { May, ToolParts } from '../tool-parts.js';

/** Beyond it an answer would be longer than what a model reads; the group has the rest. */
const listed = 50;

/** Many documents at once. */
export function addBatchTools(mcp: McpServer, { inkwire }: ToolParts, may: May): void {
  if (!may('jobs:write') || !may('jobs:read')) return;
  mcp.registerTool(
    'fill_design_for_each',
    {
      title: 'Fill a design many times',
      description:
        'Makes one PDF for each set of values, with progress. The same name again makes nothing twice: it finds what was made.',
      inputSchema: {
        design: z.string(),
        version: z.int().min(1).optional(),
        rows: z
          .array(z.record(z.string(), z.unknown()))
          .min(1)
          .max(1000)
          .describe('Values, one set a document'),
        name: z
          .string()
          .regex(/^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$/)
          .describe('Of the batch and of its group'),
      },
    },
    ({ design, version, rows, name }, extra) =>
      answered(async () => {
        const tell = tellerOf(extra);
        const requests = rows.map(
          (params): JobRequest => ({
            kind: 'report',
            design,
            params,
            group: name,
            ...(version === undefined ? {} : { version }),
          }),
        );
        const outcomes: BatchOutcome[] = [];
        for await (const outcome of inkwire.batch(requests, { name, signal: extra.signal })) {
          outcomes.push(outcome);
          await tell(outcomes.length, rows.length, `${outcomes.length} of ${rows.length} documents`);
        }
        outcomes.sort((one, other) => one.index - other.index);
        const good = outcomes.filter(({ job }) => job?.status === 'completed');
        const bad = outcomes.filter(({ job }) => job?.status !== 'completed');
        return told({
          group: name,
          completed: good.length,
          failed: bad.length,
          failures: bad.slice(0, listed).map(failureOf),
          jobs: good.slice(0, listed).map(({ index, job }) => ({ row: index, job_id: job?.job_id })),
          ...(good.length > listed ? { more: 'list_jobs with this group lists all of them' } : {}),
        });
      }),
  );
}

function failureOf({ index, job, error }: BatchOutcome): object {
  if (job?.status === 'failed') return { row: index, job_id: job.job_id, error: job.error };
  if (job !== undefined) return { row: index, job_id: job.job_id, error: job.status };
  const defects = error instanceof InkwireError ? error.errors : [];
  return { row: index, error: error instanceof Error ? error.message : String(error), defects };
}
