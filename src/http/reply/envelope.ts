import type { FastifyReply, FastifyRequest } from 'fastify';

/**
 * Sends `{ data, meta }`. The JSON is put together from texts: the hot answers are not walked by a serialiser twice,
 * and request ids hold nothing to be escaped.
 * @param json the data as JSON text
 */
export function sendEnvelope(request: FastifyRequest, reply: FastifyReply, json: string): FastifyReply {
  const duration = Math.round((performance.now() - request.startedAt) * 1000) / 1000;
  const timestamp = new Date().toISOString();
  const { warnings } = request;
  const told = warnings === undefined ? '' : `,"warnings":${JSON.stringify(warnings)}`;
  return reply
    .header('content-type', 'application/json; charset=utf-8')
    .send(
      `{"data":${json},"meta":{"request_id":"${request.id}","timestamp":"${timestamp}","duration_ms":${duration},"api_version":"v1"${told}}}`,
    );
}
