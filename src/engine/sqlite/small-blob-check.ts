import { createHash } from 'node:crypto';
import { digestOfBlob } from '../blobs.js';
import { schemaVersion } from './migrations.js';
import { bytesOf, type Connection, integerOf, textOf } from './sql.js';

/** Small blobs in memory at once. */
const readAtOnce = 64;
/** The schema that brought small blobs. */
const schemaWithSmallBlobs = 9;

/** The small blobs of a database whose bytes are missing, or are not those that their names tell. */
export function* damagedSmallBlobs(connection: Connection): Generator<string> {
  const schema = integerOf(connection.pragma('user_version'));
  if (schema < schemaWithSmallBlobs || schema > schemaVersion) return;
  const page = connection.prepare('SELECT n, name, bytes FROM small_blobs WHERE n > ? ORDER BY n LIMIT ?');
  for (let after = 0; ; ) {
    const rows = page.all(after, readAtOnce);
    for (const [n, named, bytes] of rows) {
      const name = textOf(named);
      const digest = createHash('sha256').update(bytesOf(bytes)).digest('hex');
      if (digest !== digestOfBlob(name)) yield name;
      after = integerOf(n);
    }
    if (rows.length === 0) break;
  }
  const missing = connection.prepare(
    `SELECT DISTINCT name FROM blob_references WHERE substr(name, -65, 1) = '.'
     AND NOT EXISTS (SELECT 1 FROM small_blobs WHERE small_blobs.name = blob_references.name)`,
  );
  for (const [name] of missing.all()) yield textOf(name);
}
