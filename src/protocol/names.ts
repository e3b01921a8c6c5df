/** Shapes of the names that callers and server exchange. */
export const jobIdShape = /^job_[0-9a-f]{24}$/;
export const groupShape = /^[A-Za-z0-9][A-Za-z0-9._:-]{0,127}$/;
export const kindShape = /^[a-z][a-z0-9_]{0,63}$/;
