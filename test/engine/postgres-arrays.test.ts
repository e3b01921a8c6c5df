import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { arrayOf, type ColumnType, type Scalar } from '../../src/engine/postgres/arrays.js';
import { usePostgres, withoutPostgres } from '../helpers/postgres-server.js';

const safe = Number.MAX_SAFE_INTEGER;
const lists: readonly (readonly [ColumnType, readonly Scalar[], (readonly (string | null)[])?])[] = [
  ['text', []],
  ['text', ['', 'NULL', null, '{"a":"\\\\ \'\\""}', ' , {}', 'ÅÄ 請求書 🎉', 'line\nend\t']],
  ['int', [0, 1, -1, null, 2_147_483_647, -2_147_483_648]],
  ['bigint', [0, 1, -1, 4_294_967_295, 4_294_967_296, -4_294_967_297, null, safe, -safe]],
  ['float8', [0, -0.5, 1e300, 5e-324, null]],
  ['boolean', [true, false, null]],
  ['bytea', [new Uint8Array(), new Uint8Array([0, 255, 92, 34]), null], ['\\x', '\\x00ff5c22', null]],
];

describe.skipIf(withoutPostgres)('lists of values for PostgreSQL', () => {
  const server = usePostgres();

  it.each(lists.map(([type, values, texts]) => ({ type, values, texts })))(
    'hold what was given: $type $values',
    async ({ type, values, texts }) => {
      const client = new pg.Client(server().url);
      await client.connect();
      try {
        const text = `SELECT n::int, value::text FROM unnest($1::${type}[]) WITH ORDINALITY AS w(value, n) ORDER BY n`;
        const { rows } = await client.query<unknown[]>({
          text,
          values: [arrayOf(type, values)],
          rowMode: 'array',
        });
        const asText = texts ?? values.map((value) => (value === null ? null : String(value)));
        const found = rows.map(([, value]) =>
          type === 'float8' && value !== null ? String(Number(value)) : value,
        );
        expect(found).toEqual(asText);
      } finally {
        await client.end();
      }
    },
  );

  it('are refused where a number has no room, not cut', () => {
    expect(() => arrayOf('int', [2 ** 31])).toThrow(RangeError);
  });
});
