import { mkdtemp, rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll } from 'vitest';

interface FakeS3 {
  run(): Promise<AddressInfo>;
  close(): Promise<void>;
}

type FakeS3Class = new (options: {
  port: number;
  address: string;
  silent: boolean;
  directory: string;
  configureBuckets: readonly { name: string }[];
}) => FakeS3;

const S3rver: FakeS3Class = createRequire(import.meta.url)('s3rver');

export interface S3Server {
  /** For INKWIRE_BLOBS. */
  readonly address: string;
  /** Where its objects lie: `<directory>/<bucket>/<key>`. */
  readonly directory: string;
  /** Refuses connections until `begin`. */
  stop(): Promise<void>;
  begin(): Promise<void>;
}

/** The environment in which the server knows who asks. */
export const s3Credentials = { AWS_ACCESS_KEY_ID: 'S3RVER', AWS_SECRET_ACCESS_KEY: 'S3RVER' };

/** A server of the protocol of S3 for the tests of a file, with a bucket `inkwire`. */
export function useS3(): () => S3Server {
  let directory = '';
  let port = 0;
  let server: FakeS3 | undefined;
  const before = Object.keys(s3Credentials).map((name) => [name, process.env[name]] as const);
  const begin = async (): Promise<void> => {
    server = new S3rver({
      port,
      address: '127.0.0.1',
      silent: true,
      directory,
      configureBuckets: [{ name: 'inkwire' }],
    });
    ({ port } = await server.run());
  };
  const stop = async (): Promise<void> => {
    await server?.close();
    server = undefined;
  };
  beforeAll(async () => {
    Object.assign(process.env, s3Credentials);
    directory = await mkdtemp(join(tmpdir(), 'inkwire-s3-'));
    await begin();
  });
  afterAll(async () => {
    await stop();
    await rm(directory, { recursive: true, force: true });
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  });
  return () => ({
    address: `s3://inkwire/a/prefix?endpoint=http://127.0.0.1:${port}`,
    directory,
    stop,
    begin,
  });
}
