import { readFile, stat } from 'node:fs/promises';
import { Type } from 'typebox';
import Value from 'typebox/value';
import type { KindRunner } from '../../kind.js';
import { identify } from './inputs/identify.js';
import { measureImage } from './inputs/image.js';
import { type ImageMetadata, readCameraFacts } from './inputs/metadata.js';
import { refuseInput } from './inputs/refusals.js';

const planSchema = Type.Object({ pointer: Type.String() });

export const imageMetadataRunner: KindRunner = {
  name: 'image_metadata',
  async run(request, context) {
    const { pointer } = Value.Parse(planSchema, request);
    const path = context.inputPath(0);
    const found = await identify(path);
    if (found.family === 'refused') throw refuseInput(found.refusal, pointer);
    if (found.family !== 'image') throw refuseInput('notAnImage', pointer);
    const { format } = found;
    const { width, height, color, isTurned } = await measureImage(context, {
      source: { path },
      format,
      pointer,
    });
    const metadata: ImageMetadata = {
      width: isTurned ? height : width,
      height: isTurned ? width : height,
      format: format.toUpperCase(),
      color_space: color,
      file_size: (await stat(path)).size,
      ...readCameraFacts(await readFile(path)),
    };
    const artifact = context.artifact('metadata.json', 'application/json');
    artifact.write(Buffer.from(JSON.stringify(metadata)));
    artifact.end();
    return {};
  },
};
