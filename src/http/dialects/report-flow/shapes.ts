import { Type } from 'typebox';
import { contentsMax, shareTypes } from './contents.js';

/** Shapes of this API, for OpenAPI. */

export const tag = 'report flow';

const id = Type.String({ pattern: '^[0-9A-Za-z]{16}$' });
const passthrough = Type.Record(Type.String(), Type.Unknown(), {
  description:
    'Comes back as it is, at most 16 KB; texts and numbers at its top are in the metadata of the PDF, too',
});

const content = Type.Object({
  fileName: Type.String({ description: 'With or without .pdf; no path, and unique in its request' }),
  shareType: Type.Optional(
    Type.Unsafe<string>({
      type: 'string',
      enum: ['01', '02', '03', ...shareTypes],
      default: '01',
      description: '01 workspace, 02 invited, 03 public',
    }),
  ),
  passcodeEnabled: Type.Optional(Type.Boolean({ default: false })),
  params: Type.Record(Type.String(), Type.Unknown(), {
    description: 'Values for the parameters of the design',
  }),
  passthrough: Type.Optional(passthrough),
});

const design = {
  designId: Type.String(),
  version: Type.Optional(Type.Integer({ minimum: 1, description: 'The latest when left out' })),
};

export const singleSchema = Type.Object({ ...design, content });
export const multipleSchema = Type.Object({
  ...design,
  contents: Type.Array(content, { minItems: 1, maxItems: contentsMax }),
});

const share = Type.Object({
  shareType: Type.Unsafe<string>({ type: 'string', enum: shareTypes }),
  passcodeEnabled: Type.Boolean(),
  url: Type.String({ format: 'uri' }),
  passcode: Type.Optional(
    Type.String({ description: 'For X-Passcode on the public link; in the first answer only' }),
  ),
});

const file = {
  fileId: id,
  fileName: Type.String(),
  share,
  passthrough: Type.Optional(passthrough),
};

export const acceptedSchema = Type.Object({
  requestId: id,
  url: Type.String({ format: 'uri', description: 'The ZIP; signed, for a day, where all files are public' }),
  fileId: Type.Optional(id),
  files: Type.Array(Type.Object(file)),
});

const status = Type.Unsafe<string>({
  type: 'string',
  enum: ['pending', 'running', 'completed', 'failed', 'cancelled'],
});

const found = { ...file, status, message: Type.Optional(Type.String({ description: 'Why it failed' })) };

export const requestSchema = Type.Object({
  requestId: id,
  designId: Type.String(),
  version: Type.Integer(),
  url: Type.String({ format: 'uri' }),
  files: Type.Array(Type.Object(found)),
});

export const fileSchema = Type.Object({
  requestId: id,
  ...found,
  url: Type.String({ format: 'uri', description: 'Of its download' }),
  monitor: Type.String({ description: 'Path of the events of its request' }),
});

export const designsSchema = Type.Object({
  designs: Type.Array(
    Type.Object({
      id: Type.String(),
      label: Type.String(),
      latestVersion: Type.Integer(),
      thumbnail: Type.String({
        format: 'uri',
        description: 'A picture of the first page; needs the key as `Authorization: Bearer`',
      }),
      updatedAt: Type.String({ format: 'date-time' }),
    }),
  ),
});

export const parametersSchema = Type.Array(
  Type.Object({
    name: Type.String(),
    type: Type.String(),
    label: Type.String(),
    description: Type.Optional(Type.String()),
    spec: Type.Optional(Type.Array(Type.Unknown(), { description: 'The members of its objects' })),
  }),
);

export const errorSchema = Type.Object(
  {
    statusCode: Type.Integer(),
    message: Type.Union([Type.String(), Type.Array(Type.String())], {
      description: 'One sentence for each field where fields are wrong',
    }),
    error: Type.String(),
  },
  { $id: 'ReportFlowError' },
);

export const mappingHeaders = {
  'Content-Disposition': 'Name of the file',
  'Request-Id': 'Id of the request',
  'File-URL': 'Address of the download',
  'X-File-Mapping': 'Percent-encoded JSON of the files; left out past 6 KB',
  Link: '`describedby`: the mapping; `monitor`: the events of the request',
};

export const idempotent = {
  'Idempotency-Key': '1 to 255 printable ASCII characters: a post that is sent again makes no second request',
};

export const downloadHeaders = {
  Range: 'One range of bytes',
  'If-Range': 'The ETag that the range belongs to',
  'If-None-Match': 'ETags at hand',
};
