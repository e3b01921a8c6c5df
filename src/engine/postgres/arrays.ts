export type ColumnType = 'text' | 'int' | 'bigint' | 'float8' | 'boolean' | 'bytea';

/** What a column may hold, as it goes to the server. */
export type Scalar = string | number | boolean | null | Uint8Array;

/** The numbers that PostgreSQL has given its types. */
const oids: Readonly<Record<ColumnType, number>> = {
  boolean: 16,
  bytea: 17,
  bigint: 20,
  int: 23,
  text: 25,
  float8: 701,
};

const headBytes = 20;
const two32 = 2 ** 32;

/**
 * A list of values as the server takes an array in its binary form. As a text each quote of a JSON value would be written
 * twice, and read letter by letter under the lock.
 * @throws RangeError for an `int` past its 32 bits
 */
export function arrayOf(type: ColumnType, values: readonly Scalar[]): Buffer {
  let length = headBytes;
  for (const value of values) length += 4 + lengthOf(type, value);
  const array = Buffer.allocUnsafe(length);
  // Of one dimension, perhaps with nulls, its first place is 1.
  array.writeInt32BE(1, 0);
  array.writeInt32BE(1, 4);
  array.writeInt32BE(oids[type], 8);
  array.writeInt32BE(values.length, 12);
  array.writeInt32BE(1, 16);
  let at = headBytes;
  for (const value of values) {
    const start = at + 4;
    const end = value === null ? start : write(array, start, type, value);
    array.writeInt32BE(value === null ? -1 : end - start, at);
    at = end;
  }
  return array;
}

function lengthOf(type: ColumnType, value: Scalar): number {
  if (value === null) return 0;
  if (typeof value === 'string') return Buffer.byteLength(value);
  if (value instanceof Uint8Array) return value.length;
  return type === 'boolean' ? 1 : type === 'int' ? 4 : 8;
}

/** Returns where it ends. */
function write(array: Buffer, at: number, type: ColumnType, value: NonNullable<Scalar>): number {
  if (typeof value === 'string') return at + array.write(value, at);
  if (value instanceof Uint8Array) {
    array.set(value, at);
    return at + value.length;
  }
  if (typeof value === 'boolean') return array.writeUInt8(value ? 1 : 0, at);
  if (type === 'float8') return array.writeDoubleBE(value, at);
  if (type === 'int') return array.writeInt32BE(value, at);
  const high = array.writeInt32BE(Math.floor(value / two32), at);
  return array.writeUInt32BE(value >>> 0, high);
}
