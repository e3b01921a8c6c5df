import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateRawSync } from 'node:zlib';
import { identify } from '../../dist/src/render/kinds/preview/inputs/identify.js';
import { officePdf } from '../../dist/src/render/kinds/preview/inputs/office.js';
import { previewPrograms } from '../../dist/src/render/kinds/preview/inputs/program-names.js';
import { bubblewrap, unshare } from '../../dist/src/render/program-sandbox.js';
import { footprintOf } from '../../dist/src/render/program-watch.js';
import { Programs } from '../../dist/src/render/programs.js';
import { removeDirectory, temporaryDirectory } from '../kit/server.mjs';
import { median } from '../kit/statistics.mjs';

/**
 * CPU of documents through a LibreOffice that is kept started, beside one that is started for each; and of the first pages of a large
 * sheet beside all of it. Linux only.
 * @param {import('../kit/figure.mjs').Run} run
 * @returns {Promise<import('../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, say }) {
  const directory = temporaryDirectory('office');
  const rounds = short ? 3 : 9;
  try {
    const text = write(
      directory,
      'text.txt',
      `${'A line of words that fills some of the page. '.repeat(4)}\n`.repeat(400),
    );
    const cold = await open(join(directory, 'cold'), 0);
    const colds = await cpuOf(cold, text, rounds);
    await cold.close();
    const kept = await open(join(directory, 'kept'), 1);
    // Behind the first one starts the one that stays.
    await pdfOf(kept, text, '1-500');
    while (kept.kept === 0) await pause(20);
    await pdfOf(kept, text, '1-500');
    const warms = await cpuOf(kept, text, rounds);
    await kept.close();
    say(
      `CPU ms of a document: alone ${colds.map(Math.round).join(' ')}, kept ${warms.map(Math.round).join(' ')}`,
    );
    const figures = [
      {
        name: 'kept started to started for each, CPU',
        value: median(warms) / median(colds),
        unit: 'x',
        atMost: 0.3,
        note: `${median(warms).toFixed(0)} to ${median(colds).toFixed(0)} ms, median of ${rounds}`,
      },
    ];
    if (!short) figures.push(await sheetFigure(directory));
    return figures;
  } finally {
    removeDirectory(directory);
  }
}

/** 3,000 x 200 cells. */
async function sheetFigure(directory) {
  const row = (at) =>
    `<row r="${at + 1}">${Array.from({ length: 200 }, (_, cell) => `<c t="inlineStr"><is><t>${at}:${cell}</t></is></c>`).join('')}</row>`;
  const sheet = write(
    directory,
    'sheet.xlsx',
    xlsx(Array.from({ length: 3_000 }, (_, at) => row(at)).join('')),
  );
  const programs = await open(join(directory, 'sheet'), 0);
  const [[some = 0], [all = 0]] = [
    await cpuOf(programs, sheet, 1, '1-3'),
    await cpuOf(programs, sheet, 1, '1-10000'),
  ];
  await programs.close();
  return {
    name: 'pages 1-3 of a large sheet to all of it, CPU',
    value: some / all,
    unit: 'x',
    atMost: 0.5,
    note: `${(some / 1000).toFixed(1)} to ${(all / 1000).toFixed(1)} s`,
  };
}

async function open(directory, maxListeners) {
  const manner = { nice: 0 };
  const programs = new Programs({
    directory,
    registry: previewPrograms,
    sandboxes: [bubblewrap(manner), unshare(manner)],
    allowUnsandboxed: false,
    ...manner,
    maxRunning: 1,
    maxWaiting: 8,
    maxListeners,
    onFault: (fault) => console.error(fault),
  });
  await programs.open();
  return programs;
}

async function pdfOf(programs, path, pages) {
  const discards = [];
  const program = async (call) => {
    const ran = await programs.run(call, new AbortController().signal, 'bench');
    discards.push(ran.discard);
    return ran.outcome;
  };
  await officePdf({ program }, { path, document: await identify(path), pointer: '' }, pages);
  for (const discard of discards) await discard();
}

/** Milliseconds of CPU of each document. */
async function cpuOf(programs, path, rounds, pages = '1-500') {
  const times = [];
  for (let round = 0; round < rounds; round += 1) {
    const before = ticksOfChildren();
    const seen = new Map(before);
    const look = () => {
      for (const [pid, ticks] of ticksOfChildren()) seen.set(pid, ticks);
    };
    // Looked at while they run: those that end with their namespace are waited for by nobody who would tell.
    const looks = setInterval(look, lookMs);
    await pdfOf(programs, path, pages);
    look();
    clearInterval(looks);
    times.push(10 * [...seen].reduce((sum, [pid, ticks]) => sum + ticks - (before.get(pid) ?? 0), 0));
  }
  return times;
}

const lookMs = 10;

/** Hundredths of a second of all processes below this one. */
function ticksOfChildren() {
  const [, ...pids] = footprintOf(process.pid, 10_000).pids;
  return new Map(
    pids.flatMap((pid) => {
      try {
        const fields = readFileSync(`/proc/${pid}/stat`, 'latin1').split(') ').at(-1).split(' ');
        return [[pid, Number(fields[11]) + Number(fields[12])]];
      } catch {
        // It has gone.
        return [];
      }
    }),
  );
}

function write(directory, name, content) {
  const path = join(directory, name);
  writeFileSync(path, content);
  return path;
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A workbook of one sheet with these rows, as small as it can be. */
function xlsx(rows) {
  const relations = (target, type) =>
    `<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/${type}" Target="${target}"/></Relationships>`;
  const names = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"';
  const type = 'application/vnd.openxmlformats-officedocument.spreadsheetml';
  return zip({
    '[Content_Types].xml': `<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/><Override PartName="/xl/workbook.xml" ContentType="${type}.sheet.main+xml"/><Override PartName="/xl/worksheets/sheet1.xml" ContentType="${type}.worksheet+xml"/></Types>`,
    '_rels/.rels': relations('xl/workbook.xml', 'officeDocument'),
    'xl/_rels/workbook.xml.rels': relations('worksheets/sheet1.xml', 'worksheet'),
    'xl/workbook.xml': `<?xml version="1.0"?><workbook ${names} xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="one" sheetId="1" r:id="rId1"/></sheets></workbook>`,
    'xl/worksheets/sheet1.xml': `<?xml version="1.0"?><worksheet ${names}><sheetData>${rows}</sheetData></worksheet>`,
  });
}

function zip(files) {
  const [parts, directory] = [[], []];
  let offset = 0;
  for (const [name, text] of Object.entries(files)) {
    const packed = deflateRawSync(text);
    const common = Buffer.alloc(26);
    common.writeUInt16LE(20, 0);
    common.writeUInt16LE(8, 4);
    common.writeUInt32LE(crcOf(Buffer.from(text)), 10);
    common.writeUInt32LE(packed.length, 14);
    common.writeUInt32LE(Buffer.byteLength(text), 18);
    common.writeUInt16LE(name.length, 22);
    parts.push(Buffer.from('PK\x03\x04', 'latin1'), common, Buffer.from(name), packed);
    const place = Buffer.alloc(14);
    place.writeUInt32LE(offset, 10);
    directory.push(Buffer.from('PK\x01\x02\x14\x00', 'latin1'), common, place, Buffer.from(name));
    offset += 4 + common.length + name.length + packed.length;
  }
  const lines = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(Object.keys(files).length, 8);
  end.writeUInt16LE(Object.keys(files).length, 10);
  end.writeUInt32LE(lines.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...parts, lines, end]);
}

function crcOf(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
