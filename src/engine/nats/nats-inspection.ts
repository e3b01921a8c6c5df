import { randomBytes } from 'node:crypto';
import { connect, type NatsConnection, PermissionViolationError } from '@nats-io/transport-node';
import { optionsOf } from './nats-options.js';

/** The result of trying a server of the fan-out as nodes use it. Nothing is left there. */
export interface FanoutInspection {
  /** `host:port` */
  readonly server: string;
  /** As the server says it: 2.9.10. */
  readonly version: string;
  /** Bytes of a message; larger ones are read from the database. */
  readonly maxMessage: number;
  /** What its user may not do, or that nothing was refused and no message came; undefined when the one that was sent came back. */
  readonly denied: 'publish' | 'subscribe' | 'silent' | undefined;
}

const answerMs = 3_000;

/** The addresses of a fan-out, one by one. */
export function addressesOf(url: string): readonly string[] {
  return optionsOf(url).servers;
}

/**
 * Sends a message to itself on a subject beside those of services.
 * @param server one of `addressesOf`
 * Rejects where it cannot be reached or refuses the user.
 */
export async function inspectFanout(url: string, server: string): Promise<FanoutInspection> {
  const connection = await connect({
    ...optionsOf(url),
    servers: [server],
    noEcho: false,
    reconnect: false,
    ignoreAuthErrorAbort: false,
    timeout: answerMs,
  });
  try {
    const { version, max_payload: maxMessage } = connection.info ?? { version: '', max_payload: 0 };
    return { server, version, maxMessage, denied: await deniedTo(connection) };
  } finally {
    await connection.close();
  }
}

/** Refusals come after what was refused, in no answer to it. */
async function deniedTo(connection: NatsConnection): Promise<FanoutInspection['denied']> {
  const subject = `inkwire.doctor.${randomBytes(6).toString('hex')}`;
  return new Promise((resolve) => {
    const late = setTimeout(() => resolve('silent'), answerMs);
    const end = (denied: FanoutInspection['denied']): void => {
      clearTimeout(late);
      resolve(denied);
    };
    const watch = async (): Promise<void> => {
      for await (const status of connection.status()) {
        if (status.type !== 'error' || !(status.error instanceof PermissionViolationError)) continue;
        end(status.error.operation === 'publish' ? 'publish' : 'subscribe');
      }
    };
    void watch();
    connection.subscribe(subject, {
      callback: (error) => end(error === null ? undefined : 'subscribe'),
    });
    connection.publish(subject, 'x');
  });
}
