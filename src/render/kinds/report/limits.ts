/**
 * Every bound of a design and of its expansion. Past the first ones a design is refused; past those of the expansion the
 * job fails as `invalid_input`. A document has its own bounds beside (`document/limits.ts`).
 */
export const limits = {
  /** Characters (UTF-16 units) of all texts and names of a design. */
  designChars: 1_000_000,
  /** Values of a design; those of a block count wherever it is used. */
  nodes: 20_000,
  /** Lists and objects within each other. */
  depth: 32,
  /** Names, values and signs of all its expressions. */
  tokens: 50_000,
  /** Computed values, columns and texts that need each other in a chain. */
  chain: 32,
  params: 500,
  paramDepth: 8,
  nameChars: 100,
  labelChars: 200,
  descriptionChars: 2_000,
  samples: 50,
  /** Of one expansion: about so many names, values and signs that are evaluated, */
  steps: 500_000,
  /** and so many more for each value of the params. */
  stepsPerValue: 100,
  /** Characters of all texts that an expansion makes. */
  characters: 5_000_000,
} as const;
