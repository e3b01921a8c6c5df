/** What the operator, and the composition of the server, say of the FileLens API. */
export interface PreviewSettings {
  /** Of answers that wait for their job. */
  readonly syncTimeoutMs: number;
  /** Absolute paths of folders whose files may be named as inputs. */
  readonly paths: readonly string[];
}
