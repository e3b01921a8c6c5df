import { dateFunctions } from './date-functions.js';
import { numberFunctions } from './number-functions.js';
import type { PlainFunction } from './plain-function.js';
import { textFunctions } from './text-functions.js';

/** Every function of values, but for `t` and `raw`, which belong to texts of a design. */
export const plainFunctions: readonly PlainFunction[] = [
  ...numberFunctions,
  ...textFunctions,
  ...dateFunctions,
];
