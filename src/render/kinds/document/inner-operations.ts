import { bandNames } from './band-names.js';
import type { Operation } from './operations.js';
import type { DocumentRequest } from './request.js';

/** Operations wherever they stand. What lies here loads no schema. */

/** The operations that stand in others. */
export function innerOperations(operation: Operation): readonly Operation[] {
  if (operation.type === 'add_columns') return operation.columns.flatMap((column) => column.operations);
  return operation.type === 'add_block' ? operation.operations : [];
}

/** What is drawn, wherever it stands. */
export function allOperations(request: DocumentRequest): readonly Operation[] {
  return request.operations.concat(bandNames.flatMap((name) => request[name]?.operations ?? []));
}
