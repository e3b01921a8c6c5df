/** A compound file ([MS-CFB]) with these streams, each of one sector at most, as its only ones. */
export function oleFile(streams: Readonly<Record<string, Uint8Array>>): Buffer {
  const sector = 512;
  const names = Object.keys(streams);
  const directorySectors = Math.ceil((names.length + 1) / 4);
  const header = Buffer.alloc(sector);
  header.set([0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1]);
  header.writeUInt16LE(0x3e, 0x18);
  header.writeUInt16LE(3, 0x1a);
  header.writeUInt16LE(0xfffe, 0x1c);
  header.writeUInt16LE(9, 0x1e);
  header.writeUInt16LE(6, 0x20);
  header.writeUInt32LE(1, 0x2c);
  header.writeUInt32LE(1, 0x30);
  header.writeUInt32LE(4096, 0x38);
  header.writeUInt32LE(0xfffffffe, 0x3c);
  header.writeUInt32LE(0xfffffffe, 0x44);
  header.fill(0xff, 0x4c);
  header.writeUInt32LE(0, 0x4c);
  const table = Buffer.alloc(sector, 0xff);
  table.writeUInt32LE(0xfffffffd, 0);
  for (let at = 1; at <= directorySectors; at += 1)
    table.writeUInt32LE(at === directorySectors ? 0xfffffffe : at + 1, at * 4);
  const directory = Buffer.alloc(directorySectors * sector);
  const entry = (
    index: number,
    name: string,
    type: number,
    facts: readonly (readonly [place: number, value: number])[],
  ): void => {
    const at = index * 128;
    directory.write(name, at, 'utf16le');
    directory.writeUInt16LE((name.length + 1) * 2, at + 0x40);
    directory[at + 0x42] = type;
    for (const place of [0x44, 0x48, 0x4c]) directory.writeUInt32LE(0xffffffff, at + place);
    for (const [place, value] of facts) directory.writeUInt32LE(value, at + place);
  };
  entry(0, 'Root Entry', 5, [[0x4c, 1]]);
  for (const [index, name] of names.entries()) {
    const first = 1 + directorySectors + index;
    table.writeUInt32LE(0xfffffffe, first * 4);
    // Each has the next one as its right sibling.
    const right = index + 1 < names.length ? [[0x48, index + 2] as const] : [];
    entry(index + 1, name, 2, [[0x74, first], [0x78, 4096], ...right]);
  }
  const contents = names.map((name) => {
    const content = Buffer.alloc(sector);
    content.set(streams[name] ?? []);
    return content;
  });
  return Buffer.concat([header, table, directory, ...contents]);
}
