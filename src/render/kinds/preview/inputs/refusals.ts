import { RenderFailure } from '../../../kind.js';

/**
 * Why nothing can be shown of a file. Each is a plain sentence without a word of the file's: pages of customers write them
 * where markup would work.
 */
export const inputRefusals = {
  empty: 'The file is empty.',
  unknown: 'The file has a format that previews are not made of.',
  html: 'HTML is no input of previews.',
  playlist: 'Playlists are no input of previews.',
  password: 'The document is protected by a password.',
  image: 'The image is broken.',
  imageSize: 'The image has more pixels than previews are made of.',
  imageMemory: 'The image needs more memory than previews may take.',
  imageTime: 'The image takes longer than previews may take.',
  imageOutput: 'The preview of the image would be too large; another format or size may be smaller.',
  page: 'The image does not have this page.',
  notAnImage: 'Metadata is read from images only.',
  office: 'LibreOffice cannot read the document.',
  officeTime: 'LibreOffice takes longer for the document than it may.',
  officeLimits: 'The document needs more of the machine than LibreOffice may take.',
  noOffice: 'Previews of office and text documents need LibreOffice, which this server does not have.',
  video: 'FFmpeg cannot read the video.',
  noPicture: 'The video has no picture.',
  videoTime: 'FFmpeg takes longer for the video than it may.',
  videoLimits: 'The video needs more of the machine than FFmpeg may take.',
  noVideo: 'Previews of videos need FFmpeg, which this server does not have.',
  noSandbox: 'The file needs an external program, and this server has no sandbox to run one in.',
} as const;

export type InputRefusal = keyof typeof inputRefusals;

/** @param pointer of the member of the request that stands for the file */
export function refuseInput(refusal: InputRefusal, pointer: string): RenderFailure {
  return new RenderFailure(inputRefusals[refusal], pointer);
}
