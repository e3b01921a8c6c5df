/**
 * Word of a commit that ends an attempt, sent before the commit is made: where the disk is slow, the thread of the
 * attempt is free so much sooner. The commit may still fail. Whoever runs the attempt stops it and gives the job back:
 * one that was cancelled takes no release, and one whose cancel never came about is in the queue again.
 */
export interface AttemptEnding {
  readonly jobId: string;
  /** That of the job when it has ended. */
  readonly rev: number;
}
