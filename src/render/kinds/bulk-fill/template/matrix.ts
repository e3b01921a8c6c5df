/** The six operands of `cm`. */
export type Matrix = readonly [number, number, number, number, number, number];

/** `first`, then `then`. */
export function chained(first: Matrix, then: Matrix): Matrix {
  const [a, b, c, d, e, f] = first;
  const [g, h, i, j, k, l] = then;
  return [a * g + b * i, a * h + b * j, c * g + d * i, c * h + d * j, e * g + f * i + k, e * h + f * j + l];
}

export function written(matrix: readonly number[]): string {
  return matrix.map((value) => String(Math.round(value * 100_000) / 100_000 + 0)).join(' ');
}
