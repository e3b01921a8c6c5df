import type { ImageFormat } from '../../../picture-call.js';
import type { InputRefusal } from './refusals.js';

/** Documents that LibreOffice makes into a PDF. */
export type OfficeFormat = 'doc' | 'docx' | 'xls' | 'xlsx' | 'ppt' | 'pptx' | 'odt' | 'ods' | 'odp' | 'rtf';

/** Containers of videos, as FFmpeg names what reads them. */
export type VideoFormat = 'mov' | 'avi' | 'asf' | 'flv' | 'matroska' | 'ogg';

export type Identified =
  | { readonly family: 'pdf' }
  | { readonly family: 'image'; readonly format: ImageFormat }
  | { readonly family: 'office'; readonly format: OfficeFormat }
  | ({ readonly family: 'text' } & TextFormat)
  | { readonly family: 'video'; readonly format: VideoFormat }
  | { readonly family: 'refused'; readonly refusal: InputRefusal };

/** What the caller says of a file where its bytes cannot tell: rows of cells are text, too. */
export interface FormatHint {
  readonly isCsv?: boolean;
}

export interface TextFormat {
  readonly format: 'txt' | 'csv';
  readonly encoding: 'utf-8' | 'utf-16le' | 'utf-16be' | 'windows-1252';
  /** Between cells. */
  readonly delimiter?: Delimiter;
}

export type Delimiter = ',' | ';' | '\t';
