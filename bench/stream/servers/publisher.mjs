import { nowMs } from '../clock.mjs';
import { answerOrders } from '../server-process.mjs';

/**
 * What all servers of the comparison have in common: when they publish. `publish(n)` hands out n events that happened in
 * the same turn of the event loop, as a commit of several changes does.
 *
 * @param {object} server
 * @param {number} server.port
 * @param {(events: number) => void} server.publish
 * @param {Readonly<Record<string, (args: any) => unknown>>} [server.orders] more
 */
export function serve({ port, publish, orders = {} }) {
  let acknowledged = 0;
  /** @type {(() => void) | undefined} */
  let waiting;
  answerOrders(
    {
      /** As fast as the receivers follow: at most `window` events ahead of the slowest. @returns when it began */
      burst({ events, batch, window }) {
        acknowledged = 0;
        let sent = 0;
        const from = nowMs();
        return new Promise((resolve) => {
          const turn = () => {
            if (sent >= events) {
              resolve(from);
              return;
            }
            if (sent - acknowledged >= window) {
              waiting = turn;
              return;
            }
            publish(batch);
            sent += batch;
            // Two turns: the next commit never shares its writes with this one.
            setImmediate(() => setImmediate(turn));
          };
          turn();
        });
      },
      /** `batch` events every `everyMs`. @returns when each was published */
      paced({ events, batch, everyMs }) {
        /** @type {number[]} */
        const stamps = [];
        const from = nowMs();
        return new Promise((resolve) => {
          const tick = () => {
            const due = Math.min(events, (Math.floor((nowMs() - from) / everyMs) + 1) * batch);
            if (stamps.length < due) {
              const stamp = nowMs();
              const count = Math.min(batch, due - stamps.length);
              for (let index = 0; index < count; index += 1) stamps.push(stamp);
              publish(count);
            }
            if (stamps.length >= events) {
              resolve(stamps);
              return;
            }
            if (stamps.length < due) setImmediate(tick);
            else setTimeout(tick, Math.max(0, from + (stamps.length / batch) * everyMs - nowMs()));
          };
          tick();
        });
      },
      /** Heap and buffers in use, after a collection, in MiB. */
      memory() {
        globalThis.gc?.();
        globalThis.gc?.();
        const { heapUsed, external, rss } = process.memoryUsage();
        return { used: (heapUsed + external) / 1024 / 1024, resident: rss / 1024 / 1024 };
      },
      ...orders,
    },
    (event) => {
      acknowledged = event.acknowledged;
      const turn = waiting;
      waiting = undefined;
      turn?.();
    },
  );
  process.send?.({ answer: { port } });
}

/**
 * @param {import('node:net').Server} server
 * @returns {Promise<number>}
 */
export function listen(server) {
  return new Promise((resolve) => {
    server.listen({ port: 0, host: '127.0.0.1', unsent: 4096 }, () => {
      const address = server.address();
      resolve(typeof address === 'object' && address !== null ? address.port : 0);
    });
  });
}
