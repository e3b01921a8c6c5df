import { expect, it } from 'vitest';
import { downloadNameOf } from '../../src/jobs/file-name.js';
import type { Job } from '../../src/jobs/job.js';
import { aJob, anArtifact } from '../contracts/jobs-at-hand.js';

const result = anArtifact('a'.repeat(64));
const other = { ...result, name: 'chunk-002.pdf' };

function named(change: Partial<Job>, artifact = result): string {
  return downloadNameOf(aJob({ status: 'completed', artifacts: [result, other], ...change }), artifact);
}

it.each<[Partial<Job>, string]>([
  [{}, 'document.pdf'],
  [{ title: 'Invoice 17' }, 'Invoice 17.pdf'],
  [{ title: 'Invoice 17', fileName: 'x.bin' }, 'x.bin'],
  [{ title: 'report.PDF' }, 'report.pdf'],
  [{ title: 'A/B: "C"\\D?' }, 'A B C D.pdf'],
  [{ title: '../../etc/passwd' }, 'etc passwd.pdf'],
  [{ title: ' .hidden. ' }, 'hidden.pdf'],
  [{ title: 'gnp\u202efdp.exe' }, 'gnp fdp.exe.pdf'],
  [{ title: '???' }, 'document.pdf'],
  [{ title: 'Größe — 5 €' }, 'Größe — 5 €.pdf'],
  [{ title: '🂡'.repeat(100) }, `${'🂡'.repeat(80)}.pdf`],
  [{ title: 'x', status: 'running' }, 'document.pdf'],
])('a result is named by its job: %j is %s', (change, name) => {
  expect(named(change)).toBe(name);
});

it('an artifact that is not the result keeps its name', () => {
  expect(named({ title: 'Invoice', fileName: 'x.pdf' }, other)).toBe('chunk-002.pdf');
  expect(named({ title: 'Invoice', result: other }, other)).toBe('Invoice.pdf');
  expect(named({ title: 'Invoice', result: other })).toBe('document.pdf');
});
