import { type Artifact, type Job, resultOf } from './job.js';

/** Characters of a title in the name of a file: with its extension it fits where 255 bytes are allowed. */
const stemLength = 80;
/** What some system does not take in the name of a file, or what changes the order in which it is read. */
const notInNames = /[\\/:*?"<>|\p{Cc}\p{Bidi_Control}]/gu;

/**
 * The name under which an artifact is downloaded: the result's is the one that its job names, or is made from the
 * title. Any other artifact has its own.
 */
export function downloadNameOf(job: Job, artifact: Artifact): string {
  const { fileName, title = '' } = job;
  if (job.status !== 'completed' || artifact.name !== resultOf(job)?.name) return artifact.name;
  if (fileName !== undefined) return fileName;
  const extension = /\.[A-Za-z0-9]{1,8}$/.exec(artifact.name)?.[0] ?? '';
  const stem = stemOf(title, extension);
  return stem === '' ? artifact.name : stem + extension;
}

function stemOf(title: string, extension: string): string {
  const written = title.toLowerCase().endsWith(extension.toLowerCase())
    ? title.slice(0, title.length - extension.length)
    : title;
  const plain = written.replace(notInNames, ' ').replace(/\s+/g, ' ').trim();
  // By code points, so that no character is cut in half. A point in front would hide the file.
  return [...plain.replace(/^[. ]+/, '')]
    .slice(0, stemLength)
    .join('')
    .replace(/[. ]+$/, '');
}
