import { createServer } from 'node:http';
import { Inkwire } from 'inkwire/client';

const inkwire = new Inkwire({ url: process.env.INKWIRE_URL, key: process.env.INKWIRE_KEY });

const server = createServer(async (request, response) => {
  try {
    if (request.method !== 'POST') {
      response.writeHead(404).end();
      return;
    }
    // Who asks, and what may that visitor see? That is for your own session to say.
    const jobId = new URL(request.url, 'http://localhost').searchParams.get('job');
    const { ticket } = await inkwire.ticket([`job:${jobId}`]);
    response.writeHead(200, { 'Content-Type': 'text/plain' }).end(ticket);
  } catch (error) {
    response.writeHead(error.status || 502).end(error.message);
  }
});

server.listen(process.env.PORT ?? 3000, '127.0.0.1', () => console.log(server.address().port));
