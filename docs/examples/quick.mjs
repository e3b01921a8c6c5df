import { writeFile } from 'node:fs/promises';
import { Inkwire } from 'inkwire/client';

const inkwire = new Inkwire({ url: process.env.INKWIRE_URL });

const job = await inkwire.submit({
  operations: [{ type: 'add_text', text: 'Hello', font_size: 24 }],
});

for await (const item of inkwire.watch(job.job_id)) {
  if (item.type === 'job.progress') console.log(`${item.job.progress} % ${item.job.message ?? ''}`);
  if (item.type === 'job.completed') {
    const file = await inkwire.download(job.job_id);
    await writeFile(file.name, await file.bytes());
    console.log(`${file.name}, ${file.size} bytes`);
  }
  if (item.type === 'job.failed') console.log(`${item.job.error_code}: ${item.job.error}`);
}

inkwire.close();
