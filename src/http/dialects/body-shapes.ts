import { previewShape } from './previews/body.js';
import { fileRequestShape, parametersShape } from './report-flow/body.js';

/**
 * Bodies of dialects that are read in another thread when they are large. That thread loads this list, so that what is
 * listed imports no routes.
 */
export const bodyShapes = [fileRequestShape, parametersShape, previewShape] as const;
