import type { FastifyReply, FastifyRequest } from 'fastify';
import type { JobWarning } from '../../protocol/job-record.js';

/** The header of an answer of a render, as OpenAPI lists it. */
export const warningsHeaderDocs = {
  'Inkwire-Warnings':
    'Warnings of the address and of the work, as in a job record: a JSON array in ASCII; absent without any. A last entry `more_warnings` stands for those that do not fit',
};

/** Proxies refuse longer headers; 8 KiB for all of them is a common bound. */
const maxChars = 4_000;
const maxMessageChars = 500;

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the request itself (P-62): what of it the address knows nothing of. Undefined where there is nothing to say. */
    warnings: readonly JobWarning[] | undefined;
  }
}

/** Tells the warnings of the request, and those of the work where the answer is a file that was made for the caller. */
export function tellWarnings(
  request: FastifyRequest,
  reply: FastifyReply,
  ofWork: readonly JobWarning[] = [],
): void {
  const warnings = [...(request.warnings ?? []), ...ofWork];
  if (warnings.length > 0) reply.header('inkwire-warnings', warningsText(warnings));
}

function warningsText(warnings: readonly JobWarning[]): string {
  const told: string[] = [];
  let chars = 0;
  for (const [index, { code, message, pointer }] of warnings.entries()) {
    const short = message.slice(0, maxMessageChars);
    const text = inAscii({ code, message: short, ...(pointer === undefined ? {} : { pointer }) });
    chars += text.length + 1;
    if (chars > maxChars) {
      told.push(inAscii({ code: 'more_warnings', message: `${warnings.length - index} more warnings` }));
      break;
    }
    told.push(text);
  }
  return `[${told.join(',')}]`;
}

function inAscii(value: object): string {
  return JSON.stringify(value).replace(
    /[^\x20-\x7e]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}
