import { statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { png } from './hostile-images.js';

/** What nobody may look at: a picture on the disk, and an address of this machine. */
export interface Canaries {
  /** The path of the picture. */
  readonly secret: string;
  readonly links: readonly [address: string, file: string];
  /** Paths that the address was asked for. */
  readonly asked: readonly string[];
  /** When the picture was read last, where the disk notes it: nanoseconds since 1970. */
  readAt(): bigint;
  close(): Promise<void>;
}

export async function openCanaries(folder: string): Promise<Canaries> {
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const secret = join(folder, 'canary.png');
  writeFileSync(secret, png(4, 4));
  return {
    secret,
    links: [`http://127.0.0.1:${port}/canary.png`, `file://${secret}`],
    asked,
    readAt: () => statSync(secret, { bigint: true }).atimeNs,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  };
}

/** A picture of a document of LibreOffice that is a link. */
export function linkedImage(href: string): string {
  return `<draw:frame svg:width="2cm" svg:height="2cm"><draw:image xlink:href="${href}" xlink:type="simple"/></draw:frame>`;
}
