import { createWriteStream } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { Writable } from 'node:stream';
import { Inkwire } from 'inkwire/client';

const inkwire = new Inkwire({ url: process.env.INKWIRE_URL, key: process.env.INKWIRE_KEY });
const names = ['Ada', 'Grace', 'Edsger', 'Barbara'];
await mkdir('letters', { recursive: true });

const { completed, failed } = await inkwire.runBatch(
  names.map((name) => ({ operations: [{ type: 'add_text', text: `Dear ${name},` }] })),
  {
    name: 'letters-2026-11',
    onProgress: ({ progress }) => console.error(`${progress} %`),
    onDocument: async ({ index, job, error }) => {
      if (job?.status !== 'completed') {
        console.log(`${names[index]}: ${job?.error ?? error}`);
        return;
      }
      const file = await inkwire.download(job.job_id);
      await file.stream.pipeTo(Writable.toWeb(createWriteStream(`letters/${names[index]}.pdf`)));
    },
  },
);

console.log(`${completed} completed, ${failed} failed`);
inkwire.close();
