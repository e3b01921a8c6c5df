import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { RenderFailure } from '../../../src/render/kind.js';
import type { VideoFormat } from '../../../src/render/kinds/preview/inputs/identified.js';
import { identify } from '../../../src/render/kinds/preview/inputs/identify.js';
import { inputRefusals } from '../../../src/render/kinds/preview/inputs/refusals.js';
import { type Frame, videoFrame } from '../../../src/render/kinds/preview/inputs/video.js';
import { withoutFfmpeg } from '../../helpers/image-files.js';
import { ffmpegFile, turnedBy, video } from '../../helpers/video-files.js';
import { aliveWith } from '../programs-fixture.js';
import { InputBench } from './inputs-fixture.js';

describe.skipIf(withoutFfmpeg)('a frame of a video', () => {
  const bench = new InputBench();
  beforeAll(async () => bench.open());
  afterAll(async () => bench.close());

  const frameOf = async (
    bytes: Uint8Array | string,
    timeMs = 0,
    side = 4_000,
    signal = new AbortController().signal,
  ): Promise<Frame> => {
    const path = bench.file(bytes);
    const found = await identify(path);
    if (found.family !== 'video') throw new Error(JSON.stringify(found));
    return videoFrame(bench.context(signal), { path, format: found.format, pointer: '/file' }, timeMs, side);
  };
  const seen = async ({ png }: Frame) => {
    const { data, info } = await sharp(png).raw().toBuffer({ resolveWithObject: true });
    const colour = (x: number, y: number): string => {
      const at = (y * info.width + x) * info.channels;
      const [r = 0, g = 0, b = 0] = data.subarray(at, at + 3);
      if (r > 150 && g < 90 && b < 90) return 'red';
      if (b > 150 && r < 90 && g < 90) return 'blue';
      return g > 150 && r < 90 && b < 90 ? 'green' : `${r},${g},${b}`;
    };
    return { width: info.width, height: info.height, colour };
  };

  it.each(['mp4', 'mov', 'm4v', 'avi', 'wmv', 'flv', 'webm', 'ogv', '3gp'])('%s', async (ending) => {
    const file = video(ending, ending === '3gp' ? ['-s', '128x96'] : []);
    const first = await seen(await frameOf(file, 200));
    expect([first.colour(8, 8), first.colour(first.width - 8, 8)]).toEqual(['red', 'blue']);
    const later = await seen(await frameOf(file, 1_500));
    expect(later.colour(8, 8)).toBe('green');
  });

  it('past the end is the last one, and says so', async () => {
    const file = video('mp4');
    const frame = await frameOf(file, 3_600_000);
    expect([frame.isPastEnd, (await seen(frame)).colour(8, 8)]).toEqual([true, 'green']);
    expect((await frameOf(file, 1_000)).isPastEnd).toBe(false);
    // One frame alone, before half a second from the end.
    const still = ffmpegFile('webm', ['-f', 'lavfi', '-i', 'color=red:s=32x32:r=1:d=1', '-c:v', 'libvpx']);
    expect((await seen(await frameOf(still, 5_000))).colour(8, 8)).toBe('red');
  });

  it.each([
    [0, 64, 32, 'red'],
    [90, 32, 64, 'red'],
    [180, 64, 32, 'blue'],
    [270, 32, 64, 'blue'],
  ])('that was turned by %s degrees stands upright', async (degrees, width, height, colour) => {
    // As a telephone writes it: the pictures lie, and a matrix says how they are shown.
    const turned = turnedBy(video('mp4'), degrees);
    const frame = await seen(await frameOf(turned));
    expect([frame.width, frame.height]).toEqual([width, height]);
    // Its upper left.
    expect(frame.colour(4, 4)).toBe(colour);
  });

  it('has square pixels, and lies in the box that is asked for', async () => {
    const wide = await seen(await frameOf(video('mp4', ['-vf', 'setsar=2/1'])));
    expect([wide.width, wide.height]).toEqual([128, 32]);
    const small = await seen(await frameOf(video('mp4'), 0, 16));
    expect([small.width, small.height]).toEqual([16, 8]);
  });

  it('of more light than a screen has looks as the same scene without', async () => {
    const scene = ['-f', 'lavfi', '-i', 'color=0x808080:s=128x128:r=5:d=1'];
    const plain = ffmpegFile('mkv', [
      ...scene,
      '-c:v',
      'libx264',
      '-pix_fmt',
      'yuv420p',
      '-colorspace',
      'bt709',
    ]);
    const hdr = ffmpegFile('mkv', [
      ...scene,
      ...[
        '-vf',
        'format=yuv444p,setparams=colorspace=bt709:color_primaries=bt709:color_trc=bt709:range=tv,zscale=tin=bt709:min=bt709:pin=bt709:t=smpte2084:m=bt2020nc:p=bt2020:npl=100,format=yuv420p10le',
      ],
      ...['-c:v', 'libx265', '-x265-params', 'log-level=none'],
      ...['-color_trc', 'smpte2084', '-colorspace', 'bt2020nc', '-color_primaries', 'bt2020'],
    ]);
    const mean = async (frame: Frame): Promise<number> => {
      const { channels } = await sharp(frame.png).stats();
      return channels.slice(0, 3).reduce((sum, { mean: one }) => sum + one / 3, 0);
    };
    const [one, other] = [await mean(await frameOf(plain)), await mean(await frameOf(hdr))];
    expect(Math.abs(other / one - 1)).toBeLessThan(0.1);
  });

  const audio = ['-f', 'lavfi', '-i', 'sine=d=1'];

  it('is the cover of a file of sound, where it has one', async () => {
    const silent = ffmpegFile('m4a', [...audio, '-c:a', 'aac']);
    await expect(frameOf(silent)).rejects.toEqual(new RenderFailure(inputRefusals.noPicture, '/file'));
    const cover = join(bench.bench.root, 'cover.png');
    await sharp({ create: { width: 20, height: 20, channels: 3, background: '#f00' } })
      .png()
      .toFile(cover);
    const covered = ffmpegFile('m4a', [
      ...audio,
      ...[
        '-i',
        cover,
        '-map',
        '0',
        '-map',
        '1',
        '-c:a',
        'aac',
        '-c:v',
        'copy',
        '-disposition:v:0',
        'attached_pic',
      ],
    ]);
    expect((await seen(await frameOf(covered, 1_000))).colour(4, 4)).toBe('red');
  });

  it('is refused for what is cut off or none', async () => {
    const refused = new RenderFailure(inputRefusals.video, '/file');
    await expect(frameOf(video('mp4').subarray(0, 400))).rejects.toEqual(refused);
    await expect(frameOf(Buffer.concat([Buffer.from('FLV\x01\x05'), Buffer.alloc(900, 7)]))).rejects.toEqual(
      refused,
    );
  });

  it.skipIf(process.platform !== 'linux').each(['ffprobe', 'ffmpeg'])(
    'leaves no %s when its task ends',
    async (name) => {
      const file = video('mp4');
      for (let isMet = false; !isMet; ) {
        const stop = new AbortController();
        let isOver = false;
        const ran = frameOf(file, 0, 64, stop.signal)
          .then(() => 'drawn', String)
          .finally(() => {
            isOver = true;
          });
        // It takes a moment: held where it is when somebody sees it, otherwise another one is begun.
        let held: readonly number[] = [];
        while (!isOver && held.length === 0) {
          await new Promise((resolve) => setImmediate(resolve));
          held = bench.processes(name);
        }
        for (const pid of held) holdUp(pid);
        stop.abort();
        const end = await ran;
        isMet = end === 'Error: The task has ended' && held.length > 0;
        expect(isMet || end === 'drawn' || held.length === 0).toBe(true);
        expect([...bench.processes('ffprobe'), ...bench.processes('ffmpeg')]).toEqual([]);
      }
      expect(aliveWith(bench.bench.root)).toEqual([]);
    },
  );

  it('is not read from a playlist, whatever it is called and however it came through', async () => {
    const segment = join(bench.bench.root, 'segment.ts');
    writeFileSync(
      segment,
      ffmpegFile('ts', ['-f', 'lavfi', '-i', 'color=red:s=32x32:d=1', '-c:v', 'mpeg2video']),
    );
    const playlist = `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${segment}\n#EXT-X-ENDLIST\n`;
    const path = bench.file(playlist);
    expect(await identify(path)).toEqual({ family: 'refused', refusal: 'playlist' });
    for (const format of ['mov', 'matroska', 'avi', 'asf', 'flv', 'ogg'] satisfies VideoFormat[]) {
      const read = videoFrame(bench.context(), { path, format, pointer: '/file' }, 0, 100);
      await expect(read).rejects.toBeInstanceOf(RenderFailure);
    }
  });

  it('is refused in a sentence that names the program where it is not installed', async () => {
    const bare = new InputBench();
    await bare.open(undefined, { registry: { ffprobe: { file: 'no-such-ffprobe' } } });
    const path = bare.file('FLV\x01');
    const read = videoFrame(bare.context(), { path, format: 'flv', pointer: '/file' }, 0, 100);
    await expect(read).rejects.toEqual(new RenderFailure(inputRefusals.noVideo, '/file'));
    await bare.close();
  });
});

/** It may just have ended. */
function holdUp(pid: number): void {
  try {
    process.kill(pid, 'SIGSTOP');
  } catch {
    // Then another one is begun.
  }
}
