import Value from 'typebox/value';
import type { KindRunner } from '../../../kind.js';
import type { FillPackage } from '../package/package.js';
import { partsOf } from '../template/value-parts.js';
import { Sent, sentSchema } from './sent.js';

/** Tells what a package holds: `package.json`, with its columns, files and fonts. */
export const inspectPackageRunner: KindRunner = {
  name: 'package_inspect',
  async run(request, context) {
    const { pack, files, fonts } = new Sent(Value.Parse(sentSchema, request), context).package();
    const { format: _, ...told } = pack;
    const answer = {
      ...told,
      columns: columnsOf(pack).map((position) => `column_${position}`),
      files: [...files].map(([name, bytes]) => ({ name, size_bytes: bytes.length })),
      fonts: fonts.map(({ name, family, style, characters }) => {
        return { name, family, style, characters, size_bytes: files.get(name)?.length ?? 0 };
      }),
    };
    const artifact = context.artifact('package.json', 'application/json');
    artifact.write(Buffer.from(JSON.stringify(answer)));
    artifact.end();
    return {};
  },
};

/** Positions of the columns that it takes values from, in order. */
function columnsOf({ overlays, fields }: FillPackage): readonly number[] {
  const values = [...fields, ...overlays].flatMap((each) => ('value' in each ? [each.value] : []));
  const positions = values.flatMap(partsOf).filter((part) => typeof part === 'number' && part >= 0);
  return [...new Set(positions.map(Number))].sort((a, b) => a - b);
}
