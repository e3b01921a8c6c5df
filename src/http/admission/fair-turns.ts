import type { FastifyInstance } from 'fastify';
import type { LoopTurns } from '../../shares/loop-turns.js';

/** Characters or bytes of an answer that costs more to write than a turn is worth asking for. */
const largeAnswer = 64 * 1024;

/**
 * Requests take turns, owner by owner, when they begin and when they send a large answer: many that arrive together, or whose
 * answers are ready together, do not hold up the requests of other owners.
 */
export function takeTurns(app: FastifyInstance, turns: LoopTurns): void {
  app.addHook('preHandler', (request, _reply, done) => {
    if (request.caller === undefined) done();
    else turns.run(request.caller.owner, done);
  });
  app.addHook('onSend', (request, _reply, payload, done) => {
    const isWhole = typeof payload === 'string' || payload instanceof Uint8Array;
    const isLarge = isWhole && payload.length > largeAnswer;
    const goOn = (): void => done(null, payload);
    if (isLarge && request.caller !== undefined) turns.run(request.caller.owner, goOn);
    else goOn();
  });
}
