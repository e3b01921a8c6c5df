import { type Problem, problem } from '../../protocol/problem.js';
import type { Issue } from '../../render/kind.js';

/** As many defects as a person can use at once; the rest shows after these are fixed. */
const maxIssues = 50;

export function refusalOf(issues: readonly Issue[]): { readonly ok: false; readonly problem: Problem } {
  const errors = issues.slice(0, maxIssues);
  const more = issues.length > maxIssues ? `; the first ${maxIssues} are listed` : '';
  const detail = `The request has ${issues.length} ${issues.length === 1 ? 'defect' : 'defects'}${more}`;
  return { ok: false, problem: problem('validation-failed', detail, { errors }) };
}
