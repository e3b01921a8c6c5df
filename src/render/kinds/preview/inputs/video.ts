import { readFile } from 'node:fs/promises';
import { isObject } from '../../../../protocol/is-object.js';
import type { RunContext } from '../../../kind.js';
import type { ProgramLimits } from '../../../program-call.js';
import type { VideoFormat } from './identified.js';
import { type ProgramRefusals, type ProgramRun, runProgram } from './program-runs.js';
import { refuseInput } from './refusals.js';

/** FFmpeg, a frame at a time. */

export interface VideoSource {
  /** Of a file that the task was given. */
  readonly path: string;
  readonly format: VideoFormat;
  readonly pointer: string;
}

export interface Frame {
  /** Upright, with square pixels, in the colours of a screen. */
  readonly png: Buffer;
  /** The video is over before the time that was asked for: this is its last frame. */
  readonly isPastEnd: boolean;
}

interface VideoStream {
  readonly index: number;
  /** Of an audio file: its cover, which has no time. */
  readonly isCover: boolean;
  /** More light than a screen has. */
  readonly isHdr: boolean;
}

const limits: ProgramLimits = {
  wallMs: 60_000,
  memoryMb: 1_024,
  outputBytes: 256 * 1024 * 1024,
  processes: 64,
};
const maxPixels = 100_000_000;
const name = 'video';
const frameName = 'frame.png';

type Run = (program: 'ffmpeg' | 'ffprobe', args: readonly string[]) => Promise<ProgramRun>;

/**
 * The frame at a time. Rejects with `RenderFailure` where the program is missing, ended by a limit, or finds no picture.
 * @param side pixels: the frame is drawn no wider and no higher, and never enlarged
 */
export async function videoFrame(
  context: Pick<RunContext, 'program'>,
  { path, format, pointer }: VideoSource,
  timeMs: number,
  side: number,
): Promise<Frame> {
  const refusals: ProgramRefusals = { missing: 'noVideo', time: 'videoTime', limits: 'videoLimits', pointer };
  const run: Run = (program, args) =>
    runProgram(context, { program, args, files: [{ name, path }], limits }, refusals);
  const streams = await videoStreams(run, format);
  if (streams === undefined) throw refuseInput('video', pointer);
  const stream = streams.find(({ isCover }) => !isCover) ?? streams[0];
  if (stream === undefined) throw refuseInput('noPicture', pointer);
  // It says 0 where there is no frame at that time as well.
  const seeks = stream.isCover ? [[]] : [['-ss', (timeMs / 1000).toFixed(3)], ['-sseof', '-0.5'], []];
  for (const [index, seek] of seeks.entries()) {
    const args = [...frameArgs(format, seek), ...pictureArgs(stream, side), frameName];
    const { remains } = await run('ffmpeg', args);
    const made = remains.files.find((file) => file.name === frameName && file.sizeBytes > 0);
    if (made !== undefined) return { png: await readFile(made.path), isPastEnd: index > 0 };
  }
  throw refuseInput('video', pointer);
}

/**
 * It reads one container, from a file: a playlist that is called a video would name other files, and addresses, and is
 * neither. `format_whitelist` is what a container inside of the container meets.
 */
function inputArgs(format: VideoFormat): readonly string[] {
  return ['-v', 'error', '-protocol_whitelist', 'file', '-format_whitelist', format, '-f', format];
}

function frameArgs(format: VideoFormat, seek: readonly string[]): readonly string[] {
  const one = ['-threads', '1', '-max_pixels', String(maxPixels)];
  return ['-nostdin', ...inputArgs(format), ...one, ...seek, '-i', `../in/${name}`];
}

function pictureArgs({ index, isHdr }: VideoStream, side: number): readonly string[] {
  const filters = [
    'scale=w=iw*sar:h=ih,setsar=1',
    `scale=w='min(${side},iw)':h='min(${side},ih)':force_original_aspect_ratio=decrease`,
    ...(isHdr ? toneMapping : []),
    'format=rgb24',
  ];
  const frame = ['-map', `0:${index}`, '-an', '-sn', '-dn', '-frames:v', '1', '-vf', filters.join(',')];
  return [...frame, '-c:v', 'png', '-compression_level', '1', '-f', 'image2', '-update', '1', '-y'];
}

/** To linear light, mapped to what a screen shows, and back: what a screen can show stays as it is, brighter light is bent. */
const toneMapping = [
  'zscale=t=linear:npl=100',
  'format=gbrpf32le',
  'zscale=p=bt709',
  'tonemap=tonemap=mobius:desat=0',
  'zscale=t=bt709:m=bt709:r=tv',
];
const hdrTransfers: readonly unknown[] = ['smpte2084', 'arib-std-b67'];

/** Undefined for what is no video of this container. */
async function videoStreams(run: Run, format: VideoFormat): Promise<readonly VideoStream[] | undefined> {
  const shown = 'stream=index,codec_type,color_transfer:stream_disposition=attached_pic';
  const { code, remains } = await run('ffprobe', [
    ...inputArgs(format),
    ...['-show_entries', shown, '-of', 'json', `../in/${name}`],
  ]);
  const found: unknown = code === 0 ? readJson(remains.stdout) : undefined;
  const streams: unknown = isObject(found) ? found.streams : undefined;
  if (!Array.isArray(streams)) return undefined;
  return streams.flatMap((stream: unknown): VideoStream[] => {
    if (!isObject(stream) || stream.codec_type !== 'video' || typeof stream.index !== 'number') return [];
    const { index, disposition, color_transfer } = stream;
    const isCover = isObject(disposition) && disposition.attached_pic === 1;
    return [{ index, isCover, isHdr: hdrTransfers.includes(color_transfer) }];
  });
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
