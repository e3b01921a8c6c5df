import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Webhook } from 'standardwebhooks';

export interface TakenMessage {
  readonly id: string;
  readonly path: string;
  readonly type: string;
  readonly data: {
    readonly cursor?: string;
    readonly job?: { readonly job_id: string; readonly status: string };
  };
}

export interface WebhookReceiver {
  readonly url: string;
  /** What was accepted, in the order in which it came. */
  readonly taken: TakenMessage[];
  /** Why others were not. */
  readonly refused: string[];
  /** By path: signs for it. Messages to other paths are taken without a signature. */
  readonly secrets: Map<string, string>;
  /** Answers with this instead; undefined accepts. */
  answer: (path: string, count: number, id: string) => number | undefined;
  close(): Promise<void>;
}

/** A receiver of Standard Webhooks as the public package makes one: it accepts what the package verifies. */
export async function startReceiver(): Promise<WebhookReceiver> {
  let count = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      count += 1;
      const path = request.url ?? '/';
      const status = receiver.answer(path, count, String(request.headers['webhook-id']));
      if (status !== undefined) {
        response.writeHead(status).end();
        return;
      }
      const text = Buffer.concat(chunks).toString();
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      const secret = receiver.secrets.get(path);
      try {
        const body = secret === undefined ? JSON.parse(text) : new Webhook(secret).verify(text, headers);
        receiver.taken.push({ ...(body as TakenMessage), path, id: headers['webhook-id'] ?? '' });
        response.writeHead(204).end();
      } catch (error) {
        receiver.refused.push(String(error));
        response.writeHead(400).end(String(error));
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const receiver: WebhookReceiver = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    taken: [],
    refused: [],
    secrets: new Map(),
    answer: () => undefined,
    async close() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
  return receiver;
}
