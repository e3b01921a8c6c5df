import type { ProgramRegistry } from '../../../program-call.js';

const videos = { serves: 'previews of videos', packages: 'ffmpeg' };

/** What previews need beside the server: each is an installed program, or a refusal that names it. */
export const previewPrograms = {
  soffice: {
    file: 'soffice',
    shows: ['/etc/libreoffice', '/var/lib/libreoffice'],
    about: {
      serves: 'previews of office and text documents',
      packages: 'libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui',
      versionArgs: ['--version'],
    },
  },
  ffmpeg: { file: 'ffmpeg', about: { ...videos, versionArgs: ['-version'] } },
  ffprobe: { file: 'ffprobe', about: { ...videos, versionArgs: ['-version'] } },
} as const satisfies ProgramRegistry;

export type PreviewProgram = keyof typeof previewPrograms;
