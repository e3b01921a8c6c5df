/** The codes with which the server closes a WebSocket, and whether the client should reconnect (P-55). */
export const closeCodes = {
  normal: { code: 1000, reason: 'done', comeBack: false },
  malformed: { code: 1002, reason: 'malformed frame', comeBack: false },
  binary: { code: 1003, reason: 'text frames only', comeBack: false },
  notUtf8: { code: 1007, reason: 'text is not UTF-8', comeBack: false },
  tooManyPieces: { code: 1008, reason: 'message in too many pieces', comeBack: false },
  tooLarge: { code: 1009, reason: 'message too large', comeBack: false },
  restart: { code: 1012, reason: 'come back', comeBack: true },
  overloaded: { code: 1013, reason: 'no room', comeBack: true },
  protocol: { code: 4400, reason: 'too many wrong messages', comeBack: false },
  unauthorized: { code: 4401, reason: 'the key is no longer valid', comeBack: false },
  stuck: { code: 4408, reason: 'the socket takes nothing', comeBack: true },
  tooFast: { code: 4429, reason: 'too many messages', comeBack: true },
} as const;

export type CloseReason = keyof typeof closeCodes;

/**
 * Whether a client should reconnect after a close code. For clients, which do without the table; a test holds the two
 * equal.
 */
export function mayComeBack(code: number): boolean {
  return ![1002, 1003, 1007, 1008, 1009, 4400].includes(code);
}
