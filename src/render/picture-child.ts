import { createInterface } from 'node:readline';
import { decodePicture, prepareDecoder } from './picture-decoding.js';
import { workOnImage } from './picture-drawing.js';
import type { Asked, Said } from './picture-process.js';

/** The entry of a process that decodes pictures: a line of JSON for each on its input, a line for each on its output. */

const say = (said: Said): void => {
  process.stdout.write(`${JSON.stringify(said)}\n`);
};

async function answer(line: string): Promise<void> {
  // What comes is of the server's own making; the two halves are of one build.
  const { decode } = JSON.parse(line) as Asked;
  try {
    const { image } = decode;
    if (image === undefined) say({ type: 'decoded', picture: await decodePicture(decode) });
    else say(await workOnImage(decode, image));
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined;
    const [reason = ''] = (error instanceof Error ? error.message : String(error)).split('\n');
    // A file that cannot be read is a fault of the machine.
    say(
      typeof code === 'string' ? { type: 'failed', code } : { type: 'broken', reason: reason.slice(0, 200) },
    );
  }
}

prepareDecoder();
createInterface({ input: process.stdin }).on('line', (line) => void answer(line));
// The server has gone. An exit would wait for a picture that is being decoded.
process.stdin.once('close', () => process.kill(process.pid, 'SIGKILL'));
say({ type: 'ready' });
