import type { LogFields } from '../log-fields.js';

/** Structured logging as the parts need it: fields, then a sentence. Never given a secret. */
export interface WorkLog {
  info(fields: LogFields, message: string): void;
  warn(fields: LogFields, message: string): void;
  error(fields: LogFields, message: string): void;
}
