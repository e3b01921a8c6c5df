import { readdir, readFile } from 'node:fs/promises';

/** The designs that come with the server: files of a folder, by their names without `.json`. */
export async function readShippedDesigns(folder: URL): Promise<ReadonlyMap<string, unknown>> {
  const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
  const designs = files.map(async (file): Promise<[string, unknown]> => {
    const text = await readFile(new URL(file, folder), 'utf8');
    return [file.slice(0, -'.json'.length), JSON.parse(text)];
  });
  return new Map(await Promise.all(designs));
}
