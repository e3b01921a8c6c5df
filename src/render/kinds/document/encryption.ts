import { createCipheriv, createHash, randomBytes } from 'node:crypto';

/** How pdfkit encrypts a document. */
export interface PdfSecurity {
  readonly dictionary: { readonly data: Record<string, unknown>; end(): void };
  /** Of the file, 32 bytes. */
  readonly encryptionKey: Uint8Array;
  /** What encrypts the strings and the stream of an object. */
  getEncryptFn(object: number, generation: number): (bytes: Uint8Array) => Buffer;
  end(): void;
}

export interface Passwords {
  readonly [option: string]: unknown;
  readonly userPassword?: string;
  readonly ownerPassword?: string;
}

/**
 * Makes revision 6 (ISO 32000-2, 7.6.4) of a revision 5, whose hash of a password is one SHA-256 and quick to try. Key
 * and permissions stay. The passwords were found fit by `weak`.
 */
export function strengthened(
  weak: PdfSecurity,
  { userPassword = '', ownerPassword }: Passwords,
): PdfSecurity {
  const { dictionary, encryptionKey } = weak;
  const user = preparedPassword(userPassword);
  const owner = ownerPassword === undefined ? user : preparedPassword(ownerPassword);
  const [U, UE] = entries(user, encryptionKey, Buffer.alloc(0));
  const [O, OE] = entries(owner, encryptionKey, U);
  Object.assign(dictionary.data, { R: 6, U, UE, O, OE });
  return {
    dictionary,
    encryptionKey,
    getEncryptFn: () => (bytes) => {
      const start = randomBytes(16);
      const cipher = createCipheriv('aes-256-cbc', encryptionKey, start);
      return Buffer.concat([start, cipher.update(bytes), cipher.final()]);
    },
    end: () => dictionary.end(),
  };
}

/** Algorithms 8 and 9: what proves a password, and the key of the file, which the password opens. */
function entries(
  password: Buffer,
  key: Uint8Array,
  userEntry: Buffer,
): readonly [proof: Buffer, key: Buffer] {
  const [proofSalt, keySalt] = [randomBytes(8), randomBytes(8)];
  const cipher = createCipheriv(
    'aes-256-cbc',
    hashOf(password, keySalt, userEntry),
    Buffer.alloc(16),
  ).setAutoPadding(false);
  return [Buffer.concat([hashOf(password, proofSalt, userEntry), proofSalt, keySalt]), cipher.update(key)];
}

const hashes = ['sha256', 'sha384', 'sha512'] as const;

/** Algorithm 2.B: 64 rounds and some more, 32 bytes. */
function hashOf(password: Buffer, salt: Buffer, userEntry: Buffer): Buffer {
  let key = createHash('sha256').update(password).update(salt).update(userEntry).digest();
  for (let round = 1; ; round++) {
    const part = Buffer.concat([password, key, userEntry]);
    const cipher = createCipheriv('aes-128-cbc', key.subarray(0, 16), key.subarray(16, 32));
    const mixed = cipher.setAutoPadding(false).update(Buffer.concat(Array.from({ length: 64 }, () => part)));
    const which = mixed.subarray(0, 16).reduce((sum, byte) => sum + byte, 0) % 3;
    key = createHash(hashes[which] ?? 'sha256')
      .update(mixed)
      .digest();
    if (round >= 64 && (mixed.at(-1) ?? 0) <= round - 32) return key.subarray(0, 32);
  }
}

const maxPasswordBytes = 127;
/** RFC 3454, tables C.1.2 and B.1. */
const spaces = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/g;
const nothing = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/g;

/** As SASLprep (RFC 4013) prepares it, in the bytes that count. */
export function preparedPassword(password: string): Buffer {
  const mapped = password.replace(spaces, ' ').replace(nothing, '');
  return Buffer.from(mapped.normalize('NFKC')).subarray(0, maxPasswordBytes);
}
