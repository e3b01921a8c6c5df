import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Kind } from '../../../../src/render/kind.js';
import { kinds } from '../../../../src/render/kinds/kinds.js';
import { inputRefusals } from '../../../../src/render/kinds/preview/inputs/refusals.js';
import { type AppServer, startAppServer } from '../../../helpers/app-server.js';
import { docx, rtf } from '../../../helpers/office-files.js';
import { pagesOf } from '../../../render/preview/preview-fixture.js';
import { BatchClient, PageClient, PollingClient, RecoveringClient, SimpleClient } from './clients.js';

/** As on a machine that has none of the programs that a kind uses. */
function withoutPrograms(kind: Kind): Kind {
  if (kind.programs === undefined) return kind;
  const programs = Object.entries(kind.programs).map(([name, program]) => [
    name,
    { ...program, file: `/nowhere/${program.file}` },
  ]);
  return { ...kind, programs: Object.fromEntries(programs) };
}

describe('the FileLens API without LibreOffice and FFmpeg', () => {
  let server: AppServer;
  let base: string;
  beforeAll(async () => {
    server = await startAppServer({ INKWIRE_KEYS: '' }, undefined, undefined, kinds.map(withoutPrograms));
    base = server.url;
  });
  afterAll(() => server.close());

  const ask = (bytes: Buffer) => ({
    input: bytes.toString('base64'),
    output_format: 'png',
    options: { width: 30 },
  });
  const video = Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isom', 'latin1');
  const refused = [
    ['a DOCX', ask(docx('a')), inputRefusals.noOffice],
    ['an RTF', ask(rtf('a')), inputRefusals.noOffice],
    ['a video', ask(video), inputRefusals.noVideo],
  ] as const;
  const good = ask(pagesOf(['0 0 40 40 re f', '10 10 40 40 re f']));

  it('names the program that is not there', () => {
    expect([inputRefusals.noOffice, inputRefusals.noVideo]).toEqual([
      expect.stringContaining('need LibreOffice, which this server does not have'),
      expect.stringContaining('need FFmpeg, which this server does not have'),
    ]);
  });

  it.each(refused)('says so of %s to each of the five clients', async (_name, body, message) => {
    await expect(new SimpleClient(base).preview(body)).rejects.toThrow('HTTP 422');
    const polling = new PollingClient(base);
    await expect(polling.wait(await polling.submit('/preview/async', body))).rejects.toThrow(message);
    const recovering = new RecoveringClient(base);
    await expect(recovering.preview(body)).rejects.toThrow(message);
    const page = new PageClient(base);
    await page.show('/preview/async', body);
    expect(page.html).toContain(message);
    expect(await new BatchClient(base).run([body, good])).toEqual({ failed: 1, completed: 1 });
  });

  it('draws everything else', async () => {
    expect(await new SimpleClient(base).preview(good)).toHaveLength(2);
    const answer = (await (await fetch(`${base}/api/v1/capabilities`)).json()) as object;
    expect(JSON.stringify(answer)).not.toMatch(/"(soffice|ffmpeg|ffprobe)":true/);
  });
});
