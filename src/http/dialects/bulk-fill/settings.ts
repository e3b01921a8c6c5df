/** What the operator says of this API. */
export interface BulkFillSettings {
  /** How long the answer to a create is held back for the end of the job. */
  readonly waitMs: number;
  /** Of completed jobs of one owner in a month; 0 is no limit. */
  readonly rowsPerMonth: number;
  /** Of one job. */
  readonly bounds: {
    readonly rows: number;
    readonly source: { readonly fileBytes: number; readonly pages: number };
    /** Of the ZIP, at most; 0 is no limit. */
    readonly resultBytes: number;
  };
}
