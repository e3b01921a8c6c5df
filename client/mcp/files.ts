import { openAsBlob } from 'node:fs';
import { realpath, writeFile } from 'node:fs/promises';
import { dirname, join, relative, resolve, sep } from 'node:path';

/**
 * Files of one folder, as the tools may name them: nothing outside of it is read or written, also not by a link that lies
 * in it.
 */
export class Files {
  readonly #folder: string | undefined;

  constructor(folder: string | undefined) {
    this.#folder = folder === undefined ? undefined : resolve(folder);
  }

  get areOpen(): boolean {
    return this.#folder !== undefined;
  }

  async read(name: string): Promise<Blob> {
    return openAsBlob(await this.#within(name, (path) => realpath(path)));
  }

  /** Its folder has to be there. Returns the path. */
  async write(name: string, bytes: Uint8Array): Promise<string> {
    const path = await this.#within(name, async (wanted) => {
      const there = await realpath(wanted).catch(() => undefined);
      return there ?? join(await realpath(dirname(wanted)), wanted.slice(dirname(wanted).length + 1));
    });
    await writeFile(path, bytes);
    return path;
  }

  async #within(name: string, real: (path: string) => Promise<string>): Promise<string> {
    if (this.#folder === undefined) throw new Error('No folder is open: start with --files FOLDER.');
    const root = await realpath(this.#folder);
    const path = await real(resolve(root, name));
    const inside = relative(root, path);
    if (inside === '..' || inside.startsWith(`..${sep}`) || resolve(root, inside) !== path)
      throw new Error(`${name} is not in the folder that is open.`);
    return path;
  }
}
