import type { ProgramRegistry } from '../../../program-call.js';

/** What previews need beside the server: each is an installed program, or a refusal that names it. */
export const previewPrograms = {
  soffice: { file: 'soffice', shows: ['/etc/libreoffice', '/var/lib/libreoffice'] },
  ffmpeg: { file: 'ffmpeg' },
  ffprobe: { file: 'ffprobe' },
} as const satisfies ProgramRegistry;

export type PreviewProgram = keyof typeof previewPrograms;
