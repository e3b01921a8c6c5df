import { StoreFailed } from '../engine/engine.js';

/** What a file system answers when it has no room, no descriptors or a bad moment. */
const passingCodes: ReadonlySet<string> = new Set([
  'ENOSPC',
  'EDQUOT',
  'EMFILE',
  'ENFILE',
  'EIO',
  'EROFS',
  'EAGAIN',
  'EBUSY',
]);

/** Whether the same call may succeed later: the machine or the store has a bad moment, and nothing was accepted. */
export function isPassingFault(error: unknown): boolean {
  if (error instanceof StoreFailed) return error.unavailable;
  if (!(error instanceof Error) || !('syscall' in error) || !('code' in error)) return false;
  return typeof error.code === 'string' && passingCodes.has(error.code);
}
