import { Inkwire } from '/client.js';

const inkwire = new Inkwire();
const job = await inkwire.submit({ operations: [{ type: 'add_text', text: 'From a worker' }] });
const { status } = await inkwire.waitFor(job.job_id, { after: job.events_cursor });
const { transport } = inkwire.connection;
const { size } = await inkwire.download(job.job_id);
inkwire.close();
postMessage({ status, transport, bytes: size });
