import { createReadStream, createWriteStream } from 'node:fs';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import {
  CopyObjectCommand,
  DeleteObjectCommand,
  GetObjectCommand,
  PutObjectCommand,
  paginateListObjectsV2,
  S3Client,
  S3ServiceException,
} from '@aws-sdk/client-s3';
import { Upload } from '@aws-sdk/lib-storage';
import { passingCodeOf } from '../../system-errors.js';
import type { ByteRange } from '../blob-streams.js';
import { isFileBlobName, missingBlob, placeOfBlob } from '../blobs.js';
import type { S3Address } from './s3-address.js';

/** Bytes. Larger files go in parts of this size, of which two are in memory. */
const partBytes = 8 * 1024 * 1024;
/** A store that says nothing for so long is away: neither the next bytes of what is read, nor that it has what was sent. */
const longSilenceMs = 30_000;

/** A blob as the store lists it. */
export interface Listed {
  readonly name: string;
  /** Milliseconds since 1970, by the store's clock. */
  readonly writtenAt: number;
}

/**
 * Blobs as objects of a bucket: `<prefix>ab/<name>`, as they lie in a folder, so that a folder can be copied into a bucket.
 * Rejects with `ENOENT` where no such blob is, and with the codes `S3_AWAY` and `S3_REFUSED` of the table of system errors.
 */
export class S3Bucket {
  readonly #client: S3Client;
  readonly #address: S3Address;

  constructor(address: S3Address, silenceMs = longSilenceMs) {
    const { endpoint, region } = address;
    this.#address = address;
    this.#client = new S3Client({
      ...(region === undefined ? {} : { region }),
      // Other stores seldom have a name for each bucket, and know no regions.
      ...(endpoint === undefined ? {} : { endpoint, forcePathStyle: true, region: region ?? 'us-east-1' }),
      // Many other stores do not know the trailing checksums that are sent otherwise.
      requestChecksumCalculation: 'WHEN_REQUIRED',
      responseChecksumValidation: 'WHEN_REQUIRED',
      // Its `requestTimeout` would be a warning on the console alone, and would count the time that a large part takes.
      requestHandler: {
        socketTimeout: silenceMs,
        connectionTimeout: 5_000,
        socketAcquisitionWarningTimeout: silenceMs,
      },
    });
  }

  /** Stores a file, whole or not at all. */
  async put(name: string, path: string): Promise<void> {
    const body = createReadStream(path);
    try {
      await new Upload({
        client: this.#client,
        params: { ...this.#place(name), Body: body },
        partSize: partBytes,
        queueSize: 2,
      }).done();
    } catch (error) {
      throw faultOf(error, name);
    } finally {
      body.destroy();
    }
  }

  /** @returns false when there is no such blob */
  async copy(from: string, to: string): Promise<boolean> {
    const { Bucket, Key } = this.#place(from);
    const source = `${Bucket}/${Key.split('/').map(encodeURIComponent).join('/')}`;
    try {
      await this.#client.send(new CopyObjectCommand({ ...this.#place(to), CopySource: source }));
      return true;
    } catch (error) {
      if (isNoSuchKey(error)) return false;
      throw faultOf(error, from);
    }
  }

  async get(name: string, range?: ByteRange): Promise<Readable> {
    try {
      const Range = range && `bytes=${range.start}-${range.end}`;
      const { Body } = await this.#client.send(
        new GetObjectCommand({ ...this.#place(name), ...(Range === undefined ? {} : { Range }) }),
      );
      return Body as Readable;
    } catch (error) {
      throw faultOf(error, name);
    }
  }

  /** @param path of a file that is not there yet; what fails may leave a part of it */
  async download(name: string, path: string): Promise<void> {
    const body = await this.get(name);
    try {
      await pipeline(body, createWriteStream(path, { flags: 'wx', mode: 0o600 }));
    } catch (error) {
      throw faultOf(error, name);
    }
  }

  /** A blob that is not there is no fault. */
  async remove(name: string): Promise<void> {
    try {
      await this.#client.send(new DeleteObjectCommand(this.#place(name)));
    } catch (error) {
      if (!isNoSuchKey(error)) throw faultOf(error, name);
    }
  }

  /** All blobs, in pages. */
  async *list(): AsyncGenerator<readonly Listed[]> {
    const { bucket: Bucket, prefix: Prefix } = this.#address;
    try {
      for await (const { Contents = [] } of paginateListObjectsV2(
        { client: this.#client },
        { Bucket, Prefix },
      )) {
        yield Contents.flatMap(({ Key = '', LastModified }) => {
          const name = Key.slice(Key.lastIndexOf('/') + 1);
          const isBlob = isFileBlobName(name) && Key === `${Prefix}${placeOfBlob(name)}`;
          return isBlob && LastModified !== undefined ? [{ name, writtenAt: LastModified.getTime() }] : [];
        });
      }
    } catch (error) {
      throw faultOf(error, Prefix);
    }
  }

  /** Rejects when nothing can be written. */
  async ping(): Promise<void> {
    const { bucket: Bucket, prefix } = this.#address;
    try {
      await this.#client.send(new PutObjectCommand({ Bucket, Key: `${prefix}ping`, Body: 'ping' }));
    } catch (error) {
      throw faultOf(error, 'ping');
    }
  }

  close(): void {
    this.#client.destroy();
  }

  #place(name: string): { readonly Bucket: string; readonly Key: string } {
    return { Bucket: this.#address.bucket, Key: `${this.#address.prefix}${placeOfBlob(name)}` };
  }
}

function isNoSuchKey(error: unknown): boolean {
  return error instanceof Error && (error.name === 'NoSuchKey' || error.name === 'NotFound');
}

/**
 * What went wrong, in the house's terms. A refusal passes, too: credentials and permissions are mended by people, and until
 * then nothing that was accepted may be given up.
 */
function faultOf(error: unknown, name: string): unknown {
  if (isNoSuchKey(error)) return missingBlob(name);
  if (!(error instanceof Error)) return error;
  // Of this machine: of the file that is stored or written.
  if (passingCodeOf(error) !== undefined || ('syscall' in error && 'path' in error)) return error;
  const status = error instanceof S3ServiceException ? error.$metadata.httpStatusCode : undefined;
  const isRefused =
    error.name === 'CredentialsProviderError' ||
    (status !== undefined && status >= 400 && status < 500 && status !== 408 && status !== 429);
  const what = isRefused ? 'refuses' : 'cannot be reached';
  return Object.assign(
    new Error(`The object store ${what}: ${error.message || error.name}`, { cause: error }),
    {
      code: isRefused ? 'S3_REFUSED' : 'S3_AWAY',
    },
  );
}
