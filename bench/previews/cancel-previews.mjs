import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { footprintOf } from '../../dist/src/render/program-watch.js';
import { metric, removeDirectory, startServer, temporaryDirectory, token } from '../kit/server.mjs';
import { percentiles } from '../kit/statistics.mjs';
import { longPdf } from './long-pdf.mjs';

const authorization = `Bearer ${token}`;

/**
 * How soon after a cancel nothing of a job works any more, while a page of a PDF is drawn, an SVG that takes long, a document in
 * LibreOffice, and a video in FFmpeg: what has worked on it for a while, a thread or a process, is gone from the table of the system. Linux only.
 * @param {import('../kit/figure.mjs').Run} run
 * @returns {Promise<import('../kit/figure.mjs').Figure[]>}
 */
export async function run({ short, profile, say }) {
  const directory = temporaryDirectory('cancel-previews');
  // Whatever works is of the job: none is kept started that could be taken for it.
  const env = { INKWIRE_OFFICE_LISTENERS: '0' };
  const server = await startServer({ directory, env, profile: profile('cancel-previews') });
  const base = `http://127.0.0.1:${server.port}`;
  const rounds = short ? 8 : 40;
  try {
    const figures = [];
    for (const [name, bytes, by, atMost] of [
      ['a page that is heavy', heavyPage(), 'thread', 50],
      ['a long PDF', longPdf(500), 'thread', 50],
      ['an SVG of many blurs', blurs(), 'picture-child', 250],
      ['a text in LibreOffice', Buffer.from('a long line of words\n'.repeat(40_000)), 'soffice.bin', 250],
      ['a video in FFmpeg', longVideo(directory), 'ffmpeg', 250],
    ]) {
      const rows = [];
      // What the first job has others do ahead is not taken for work on it.
      await drawn(base, longPdf(8));
      while (rows.length < rounds) {
        const row = await cancelled(base, server, bytes, by);
        if (row !== undefined) rows.push(row);
      }
      const times = rows.map(({ gone }) => gone);
      const answers = percentiles(rows.map(({ answered }) => answered));
      const { p50, p99 } = percentiles(times);
      const slowest = rows.toSorted((a, b) => b.gone - a.gone)[0];
      say(
        `${name}: p50 ${p50.toFixed(1)} p99 ${p99.toFixed(1)} ms; the slowest was answered after ${slowest.answered.toFixed(1)} and then ${slowest.states}`,
      );
      figures.push({
        name: `${name}, gone p99`,
        value: p99,
        unit: 'ms',
        atMost,
        note: `p50 ${p50.toFixed(1)}, answered p50 ${answers.p50.toFixed(1)} p99 ${answers.p99.toFixed(1)}; ${rounds} times`,
      });
    }
    return figures;
  } finally {
    await server.stop();
    removeDirectory(directory);
  }
}

/** Hundredths of a second of CPU after which something works on a job. */
const atWork = 10;
const givenUpMs = 10_000;

/**
 * Milliseconds from a cancel to its answer, and until what has worked on the job is gone, with what it did meanwhile. Undefined where
 * nothing had worked on it yet.
 */
async function cancelled(base, { port, pid }, bytes, by) {
  const form = new FormData();
  form.set('kind', 'preview');
  form.set('input', new Blob([bytes]));
  if (by === 'ffmpeg') form.set('time', '11.5');
  const headers = { authorization };
  const before = await whenQuiet(pid, by);
  const { data } = await (await fetch(`${base}/api/v1/jobs`, { method: 'POST', body: form, headers })).json();
  let workers;
  do {
    await pause(5);
    workers = workersOf(pid, by);
  } while (![...workers].some(([path, ticks]) => ticks >= (before.get(path) ?? 0) + atWork));
  const from = performance.now();
  const answer = await fetch(`${base}/api/v1/jobs/${data.job_id}/cancel`, { method: 'POST', headers });
  const answered = performance.now() - from;
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  // The one that goes has worked on the job: others may be at what they do ahead of theirs, and stay. States tell what they wait
  // for: R for a core, D for the disk, Z for who started it.
  const paths = [...workers.keys()];
  const states = new Map(paths.map((path) => [path, []]));
  while (paths.every(existsSync)) {
    const at = performance.now() - from;
    if (at > givenUpMs) {
      // On a busy machine what was getting ready looks like work: then it is idle now, and the round says nothing.
      if ((await look(pid, by)).isQuiet) return undefined;
      throw new Error(`Nothing has gone of ${paths.join(', ')}`);
    }
    for (const [path, seen] of states) {
      const state = textOf(`${path}/stat`).split(') ').at(-1)[0];
      if (state !== undefined && seen.at(-1)?.[0] !== state) seen.push(`${state} at ${at.toFixed(0)}`);
    }
    // What is measured gets the machine.
    await pause(1);
  }
  const gone = performance.now() - from;
  const its = states.get(paths.find((path) => !existsSync(path))) ?? [];
  // The next round finds threads that are ready.
  while ((await metric(port, 'inkwire_render_threads{state="starting"}')) > 0) await pause(5);
  return { answered, gone, states: its.join(', ') };
}

/** A preview to its end. */
async function drawn(base, bytes) {
  const form = new FormData();
  form.set('kind', 'preview');
  form.set('input', new Blob([bytes]));
  const headers = { authorization, prefer: 'wait=60' };
  const answer = await fetch(`${base}/api/v1/jobs`, { method: 'POST', body: form, headers });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
}

/** What has worked so far, once none of it does any more. */
async function whenQuiet(pid, by) {
  for (;;) {
    const { workers, isQuiet } = await look(pid, by);
    if (isQuiet) return workers;
  }
}

async function look(pid, by) {
  const before = workersOf(pid, by);
  await pause(200);
  const workers = workersOf(pid, by);
  return { workers, isQuiet: [...workers].every(([path, ticks]) => ticks <= (before.get(path) ?? 0) + 2) };
}

/** CPU, in hundredths of a second, of the threads of the server that draw, or of processes with this name below it; by path. */
function workersOf(pid, by) {
  const paths =
    by === 'thread'
      ? readdirSync(`/proc/${pid}/task`)
          // Those that draw have a lower priority than all others.
          .filter((thread) => niceOf(textOf(`/proc/${pid}/task/${thread}/stat`)) > 0)
          .map((thread) => `/proc/${pid}/task/${thread}`)
      : footprintOf(pid, 10_000)
          .pids.map((each) => `/proc/${each}`)
          // Whoever watches over a program has its name among the arguments.
          .filter((path) => nameOf(path) === by || textOf(`${path}/cmdline`).includes(`${by}.js`));
  return new Map(paths.map((path) => [path, ticksOf(textOf(`${path}/stat`))]));
}

function ticksOf(stat) {
  const fields = stat.split(') ').at(-1).split(' ');
  return Number(fields[11] ?? 0) + Number(fields[12] ?? 0);
}

function niceOf(stat) {
  return Number(stat.split(') ').at(-1).split(' ')[16] ?? 0);
}

function nameOf(path) {
  return textOf(`${path}/comm`).trim();
}

function textOf(path) {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    // It has gone.
    return '';
  }
}

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Hundreds of thousands of strokes on one page. */
function heavyPage() {
  const content = deflateSync(
    Buffer.from(
      Array.from({ length: 300_000 }, (_, at) => `${at % 595} 0 m ${(at * 7) % 595} 842 l S`).join('\n'),
    ),
  );
  const head =
    '%PDF-1.7\n1 0 obj\n<</Type/Catalog/Pages 2 0 R>>\nendobj\n2 0 obj\n<</Type/Pages/Count 1/Kids[3 0 R]>>\nendobj\n3 0 obj\n<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R>>\nendobj\n';
  const stream = `4 0 obj\n<</Length ${content.length}/Filter/FlateDecode>>\nstream\n`;
  return Buffer.concat([
    Buffer.from(head + stream),
    content,
    Buffer.from('\nendstream\nendobj\ntrailer\n<</Root 1 0 R/Size 5>>\n%%EOF\n'),
  ]);
}

/** Of which each picture is made of all those before it. */
function longVideo(directory) {
  const path = join(directory, 'video.mp4');
  const scene = ['-f', 'lavfi', '-i', 'testsrc2=s=1920x1080:r=25:d=12'];
  execFileSync('ffmpeg', ['-v', 'error', ...scene, '-c:v', 'mpeg4', '-q:v', '4', '-g', '600', path]);
  return readFileSync(path);
}

function blurs() {
  const filter = Array.from({ length: 50 }, () => '<feGaussianBlur stdDeviation="60"/>').join('');
  return Buffer.from(
    `<svg xmlns="http://www.w3.org/2000/svg" width="3000" height="3000"><filter id="f">${filter}</filter><rect width="2900" height="2900" filter="url(#f)"/></svg>`,
  );
}
