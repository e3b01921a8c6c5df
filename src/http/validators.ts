import { Ajv, type ValidateFunction } from 'ajv';
import { isTime } from './iso-time.js';

/** Checks one part of a request, as Fastify calls it: the errors of the last call stay with the function. */
interface Validator {
  (value: unknown): boolean;
  errors?: NonNullable<ValidateFunction['errors']> | null;
}

/**
 * Makes the checks of the parameters that routes take. Each is compiled with the first request that needs it: all of them
 * would take a start 50 ms of CPU, and most servers are asked at few of their routes.
 */
export function createValidatorCompiler(): (route: { readonly schema: unknown }) => Validator {
  const ajv = new Ajv({ coerceTypes: true, useDefaults: true, allErrors: true, strict: false });
  ajv.addFormat('date-time', isTime);
  return ({ schema }) => {
    let compiled: ValidateFunction | undefined;
    const validate: Validator = (value) => {
      compiled ??= ajv.compile(schema as object);
      const isValid = compiled(value);
      validate.errors = compiled.errors ?? null;
      return isValid;
    };
    return validate;
  };
}
