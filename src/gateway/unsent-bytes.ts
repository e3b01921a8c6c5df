import type { Duplex } from 'node:stream';

/**
 * Bytes that a socket has not sent yet, for comparing one moment with the next: the number falls whenever the peer
 * takes some. `writableLength` alone stands still until a whole chunk is gone, which a slow client may need minutes
 * for; the handle beneath knows how much of the chunk is left, as Node's own idle timer asks it.
 */
export function unsentBytes(socket: Duplex | null): number {
  if (socket === null) return 0;
  const { _handle: handle } = socket as Duplex & { readonly _handle?: { writeQueueSize?: number } | null };
  return socket.writableLength + (handle?.writeQueueSize ?? 0);
}
