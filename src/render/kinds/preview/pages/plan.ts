import { type Static, Type } from 'typebox';

export const pictureFormats = ['png', 'jpg', 'webp', 'gif'] as const;
export type PictureFormat = (typeof pictureFormats)[number];

/** What the back gets. */
export const previewPlanSchema = Type.Object({
  /** An index of the inputs. */
  input: Type.Integer({ minimum: 0 }),
  /** It was an address: the job does not hold the file. */
  isFetched: Type.Optional(Type.Boolean()),
  /** The caller says that a text is rows of cells. */
  isCsv: Type.Optional(Type.Boolean()),
  /** Of the frame of a video. */
  timeMs: Type.Optional(Type.Integer({ minimum: 0 })),
  format: Type.Union(pictureFormats.map((format) => Type.Literal(format))),
  quality: Type.Integer(),
  /** Left out, all pages. */
  pages: Type.Optional(Type.Array(Type.Object({ from: Type.Integer(), to: Type.Optional(Type.Integer()) }))),
  /** From 1: drawn before the others. */
  firstPage: Type.Optional(Type.Integer()),
  width: Type.Optional(Type.Integer()),
  height: Type.Optional(Type.Integer()),
  dpi: Type.Optional(Type.Integer()),
  password: Type.Optional(Type.String()),
});

export type PreviewRequest = Static<typeof previewPlanSchema>;
