import type { ReadsDesigns } from '../../design.js';
import { compileDesign, DesignRefused } from './design.js';
import { planReport } from './request.js';

export const readDesign: ReadsDesigns = (value) => {
  try {
    const design = compileDesign(value);
    const { label, params, samples, size } = design;
    return {
      ok: true,
      design: {
        label,
        params,
        samples,
        size,
        plan: ({ digest, source }, members, rules) => planReport({ design, digest, source }, members, rules),
      },
    };
  } catch (error) {
    if (!(error instanceof DesignRefused)) throw error;
    return { ok: false, faults: error.faults };
  }
};
