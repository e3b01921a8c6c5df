import { createServer } from 'node:http';

/**
 * A server of pictures that come a byte a second: a job that needs one is claimed, takes no CPU and lasts for as long as
 * a fetch may (20 s, three attempts). It keeps a place in the runner, so that nothing behind it starts.
 */
export async function openPictureServer() {
  /** @type {Map<string, () => void>} */
  const waiting = new Map();
  const server = createServer((request, response) => {
    waiting.get(request.url ?? '')?.();
    response.writeHead(200, { 'content-type': 'image/png', 'content-length': '100000' });
    response.write(Buffer.from('89504e470d0a1a0a', 'hex'));
    const timer = setInterval(() => response.write(Buffer.alloc(1)), 1000);
    response.once('close', () => clearInterval(timer));
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', () => resolve(undefined)));
  const address = server.address();
  const port = typeof address === 'object' && address !== null ? address.port : 0;
  return {
    /**
     * Body of a job that goes before all others of its owner, and when its picture is asked for.
     * @param {string} name of the picture
     */
    job(name) {
      const body = JSON.stringify({
        priority: 10,
        operations: [{ type: 'add_image', source: `http://127.0.0.1:${port}/${name}`, width: 10 }],
      });
      const asked = new Promise((resolve) => waiting.set(`/${name}`, () => resolve(undefined)));
      return { body, asked };
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}
