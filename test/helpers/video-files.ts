import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** A video of two seconds, 64 x 32: the left half red, the right half blue, and green in its second second. No two frames are equal. */
export function video(ending: string, more: readonly string[] = []): Buffer {
  return ffmpegFile(ending, [
    ...[
      '-f',
      'lavfi',
      '-i',
      "color=red:s=64x32:r=10:d=2,drawbox=x=32:w=32:h=32:c=blue:t=fill,drawbox=w=64:h=32:c=lime:t=fill:enable='gte(t,1)',noise=alls=6:allf=t",
    ],
    ...(codecs[ending] ?? []),
    ...more,
  ]);
}

const codecs: Readonly<Record<string, readonly string[]>> = {
  avi: ['-c:v', 'mpeg4', '-q:v', '2'],
  wmv: ['-c:v', 'wmv2', '-q:v', '2'],
  flv: ['-c:v', 'flv1', '-q:v', '2'],
  webm: ['-c:v', 'libvpx', '-crf', '4', '-b:v', '1M'],
  ogv: ['-c:v', 'libtheora', '-q:v', '9'],
  '3gp': ['-c:v', 'mpeg4', '-q:v', '2', '-f', '3gp'],
};

/** What FFmpeg writes. */
export function ffmpegFile(ending: string, args: readonly string[]): Buffer {
  const folder = mkdtempSync(join(tmpdir(), 'inkwire-video-'));
  try {
    const path = join(folder, `video.${ending}`);
    execFileSync('ffmpeg', ['-v', 'error', '-y', ...args, path], { stdio: 'pipe' });
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** An MP4 of one track that says that it is shown turned clockwise. */
export function turnedBy(mp4: Buffer, degrees: number): Buffer {
  const turned = Buffer.from(mp4);
  const at = turned.indexOf('tkhd') + 4;
  const one = 0x10000;
  const cos = [one, 0, -one, 0][degrees / 90] ?? one;
  const sin = [0, one, 0, -one][degrees / 90] ?? 0;
  for (const [index, value] of [cos, sin, 0, -sin, cos].entries())
    turned.writeInt32BE(value, at + 40 + index * 4);
  return turned;
}
