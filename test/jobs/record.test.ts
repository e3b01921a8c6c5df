import { describe, expect, it } from 'vitest';
import { priorityIn, recordOf } from '../../src/jobs/record.js';
import { aJob } from '../contracts/jobs-at-hand.js';

describe('the text of a record', () => {
  it.each([-10, 0, 7])('tells the priority %s, whatever its caller wrote', (priority) => {
    const title = '{"priority":3}';
    const job = aJob({ priority, title, group: 'priority', metadata: { priority: '4' } });
    expect(priorityIn(JSON.stringify(recordOf(job)))).toBe(priority);
    const error = { code: 'timed_out', message: '"priority":5' } as const;
    const failed = { ...job, status: 'failed', error, completedAt: job.createdAt } as const;
    expect(priorityIn(JSON.stringify(recordOf(failed)))).toBe(priority);
  });
});
