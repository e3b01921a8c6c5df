import type { FontNeed, ProgramLimits, ProgramRegistry } from '../../../program-call.js';

const videos = { serves: 'previews of videos', packages: 'ffmpeg' };

const warmLimits: ProgramLimits = {
  wallMs: 3_600_000,
  memoryMb: 1_024,
  outputBytes: 512 * 1024 * 1024,
  processes: 128,
};

const [liberation, cjk] = ['fonts-liberation', 'fonts-noto-cjk'];
/** What most documents are set in, and what has the same widths, so that lines break where their authors saw them. */
const fontsOfDocuments: readonly FontNeed[] = [
  { name: 'Arial', standIns: ['Arial', 'Liberation Sans', 'Arimo'], packages: liberation },
  {
    name: 'Times New Roman',
    standIns: ['Times New Roman', 'Liberation Serif', 'Tinos'],
    packages: liberation,
  },
  { name: 'Courier New', standIns: ['Courier New', 'Liberation Mono', 'Cousine'], packages: liberation },
  { name: 'Calibri', standIns: ['Calibri', 'Carlito'], packages: 'fonts-crosextra-carlito' },
  { name: 'Cambria', standIns: ['Cambria', 'Caladea'], packages: 'fonts-crosextra-caladea' },
  { name: 'Chinese', language: 'zh-cn', packages: cjk },
  { name: 'Japanese', language: 'ja', packages: cjk },
  { name: 'Korean', language: 'ko', packages: cjk },
];

/** What previews need beside the server: each is an installed program, or a refusal that names it. */
export const previewPrograms = {
  soffice: {
    file: 'soffice',
    shows: ['/etc/libreoffice', '/var/lib/libreoffice'],
    about: {
      serves: 'previews of office and text documents',
      packages: 'libreoffice-writer-nogui libreoffice-calc-nogui libreoffice-impress-nogui',
      versionArgs: ['--version'],
      fonts: { by: 'fc-list', needs: fontsOfDocuments },
    },
    starts: [
      // A profile of its own: two runs with one lose files. The program puts the variable in.
      '-env:UserInstallation=file://$HOME/profile',
      ...['--headless', '--norestore', '--nologo', '--nodefault', '--nolockcheck', '--nofirststartwizard'],
    ],
    // An empty document stays open: the office ends with its last one.
    warm: { args: ['private:factory/swriter'], limits: warmLimits, calls: 20, memoryMb: 400 },
  },
  ffmpeg: { file: 'ffmpeg', about: { ...videos, versionArgs: ['-version'] } },
  ffprobe: { file: 'ffprobe', about: { ...videos, versionArgs: ['-version'] } },
  // Of fontconfig, which LibreOffice depends on.
  'fc-list': { file: 'fc-list' },
} as const satisfies ProgramRegistry;

export type PreviewProgram = keyof typeof previewPrograms;
