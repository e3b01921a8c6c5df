/**
 * Exact decimal numbers: an integer and how many of its digits stand behind the point. Sums, differences and products are
 * exact; a number has at most `maxDigits` digits before its point and as many behind it. What would have more before it
 * is no number (null), what would have more behind it is rounded there.
 */

export const maxDigits = 64;
/** Places of a quotient. */
export const quotientPlaces = 16;

export const roundings = ['half-away', 'half-even', 'up', 'down', 'ceiling', 'floor'] as const;
/** `half-away`: a half goes away from zero. `half-even`: to the even neighbour. `up`: away from zero. `down`: to zero. */
export type Rounding = (typeof roundings)[number];

const maxSafe = Number.MAX_SAFE_INTEGER;
/** Powers of ten that are exact, as far as a product with one may be. */
const powers: readonly number[] = Array.from({ length: 16 }, (_, exponent) => 10 ** exponent);
const bigPowers: readonly bigint[] = Array.from(
  { length: 4 * maxDigits + 2 },
  (_, exponent) => 10n ** BigInt(exponent),
);

function bigPower(exponent: number): bigint {
  return bigPowers[exponent] ?? 10n ** BigInt(exponent);
}

/** Up to so many places the text of a double has no exponent. */
const fewPlaces = 6;

/** Whether a double tells the digits, wherever their point is. */
function isFewDigits(digits: number): boolean {
  return digits > -1e15 && digits < 1e15;
}

export class Decimal {
  /** Digits; a safe integer wherever they are one. */
  readonly digits: number | bigint;
  readonly places: number;

  private constructor(digits: number | bigint, places: number) {
    this.digits = digits;
    this.places = places;
  }

  static readonly zero = new Decimal(0, 0);
  static readonly one = new Decimal(1, 0);

  /** The shortest decimal number that is this double; null when there is none within the bounds. */
  static of(value: number): Decimal | null {
    // Minus zero is zero.
    if (Number.isSafeInteger(value)) return new Decimal(value === 0 ? 0 : value, 0);
    return Decimal.#short(value) ?? (Number.isFinite(value) ? Decimal.parse(String(value)) : null);
  }

  /**
   * A number with few places, as most data has, without the way over its text. Two decimals of so few digits are never the
   * same double, so that the one that is found is the shortest.
   */
  static #short(value: number): Decimal | null {
    for (let places = 1; places <= fewPlaces; places += 1) {
      const unit = powers[places] ?? 1;
      const digits = Math.round(value * unit);
      if (digits / unit === value && isFewDigits(digits)) return new Decimal(digits, places);
    }
    return null;
  }

  /** `-12.50`, `1e3`; null for any other text, and for a number beyond the bounds. */
  static parse(text: string): Decimal | null {
    if (text.length > 4 * maxDigits) return null;
    const match = /^([+-]?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d{1,4}))?$/.exec(text);
    if (match === null) return null;
    const [, sign, whole = '', fraction = '', exponent = '0'] = match;
    const places = fraction.length - Number(exponent);
    // 1e999 would be a thousand digits before anything looks at them.
    if (Math.abs(places) > 6 * maxDigits) return /^0*$/.test(whole + fraction) ? Decimal.zero : null;
    const digits = BigInt(whole + fraction) * (places < 0 ? bigPower(-places) : 1n);
    return Decimal.#bounded(sign === '-' ? -digits : digits, Math.max(0, places));
  }

  static #bounded(digits: bigint, places: number): Decimal | null {
    if (places > maxDigits) {
      const cut = places - maxDigits;
      return Decimal.#bounded(roundedBig(digits, bigPower(cut), 'half-away'), maxDigits);
    }
    if (digits <= maxSafe && digits >= -maxSafe) return new Decimal(Number(digits), places);
    const bound = bigPower(maxDigits + places);
    return digits < bound && digits > -bound ? new Decimal(digits, places) : null;
  }

  get isZero(): boolean {
    return this.digits === 0;
  }

  plus(other: Decimal): Decimal | null {
    const places = Math.max(this.places, other.places);
    const one = this.#at(places);
    const two = other.#at(places);
    if (typeof one === 'number' && typeof two === 'number') {
      const sum = one + two;
      if (Number.isSafeInteger(sum)) return new Decimal(sum, places);
    }
    return Decimal.#bounded(BigInt(one) + BigInt(two), places);
  }

  minus(other: Decimal): Decimal | null {
    return this.plus(other.negated());
  }

  times(other: Decimal): Decimal | null {
    const places = this.places + other.places;
    const { digits: one } = this;
    const { digits: two } = other;
    if (typeof one === 'number' && typeof two === 'number' && places <= maxDigits) {
      const product = one * two;
      if (Number.isSafeInteger(product)) return new Decimal(product === 0 ? 0 : product, places);
    }
    return Decimal.#bounded(BigInt(one) * BigInt(two), places);
  }

  /** To `quotientPlaces`, a half away from zero; null when `other` is zero. */
  over(other: Decimal): Decimal | null {
    if (other.isZero) return null;
    const dividend = BigInt(this.digits) * bigPower(quotientPlaces + other.places);
    const divisor = BigInt(other.digits) * bigPower(this.places);
    const positive = divisor < 0n ? -divisor : divisor;
    const quotient = roundedBig(divisor < 0n ? -dividend : dividend, positive, 'half-away');
    return Decimal.#bounded(quotient, quotientPlaces);
  }

  /** What is left of a division to a whole number, with the sign of this; null when `other` is zero. */
  modulo(other: Decimal): Decimal | null {
    if (other.isZero) return null;
    const places = Math.max(this.places, other.places);
    const one = this.#at(places);
    const two = other.#at(places);
    if (typeof one === 'number' && typeof two === 'number') return new Decimal(one % two || 0, places);
    return Decimal.#bounded(BigInt(one) % BigInt(two), places);
  }

  negated(): Decimal {
    return this.digits === 0 ? this : new Decimal(-this.digits, this.places);
  }

  absolute(): Decimal {
    return this.digits < 0 ? this.negated() : this;
  }

  /** @param places whole, -`maxDigits` to `maxDigits`; below zero before the point */
  rounded(places: number, rounding: Rounding): Decimal {
    const cut = this.places - places;
    if (cut <= 0) return this;
    const { digits } = this;
    if (typeof digits === 'number' && cut < powers.length) {
      const unit = powers[cut] ?? 1;
      const size = Math.abs(digits);
      const whole = Math.floor(size / unit);
      const rest = size - whole * unit;
      const isUp = rest > 0 && goesUp(rounding, digits < 0, whole % 2 === 1, Math.sign(rest * 2 - unit));
      const kept = (whole + (isUp ? 1 : 0)) * Math.sign(digits) || 0;
      return places >= 0
        ? new Decimal(kept, places)
        : (Decimal.#bounded(BigInt(kept) * bigPower(-places), 0) ?? this);
    }
    const kept = roundedBig(BigInt(digits), bigPower(cut), rounding);
    const whole = places >= 0 ? kept : kept * bigPower(-places);
    return Decimal.#bounded(whole, Math.max(0, places)) ?? this;
  }

  /** Below, at or above zero. */
  compare(other: Decimal): number {
    const places = Math.max(this.places, other.places);
    const one = this.#at(places);
    const two = other.#at(places);
    return one < two ? -1 : one > two ? 1 : 0;
  }

  /** The nearest double. */
  toNumber(): number {
    const { digits, places } = this;
    const unit = powers[places];
    // A quotient of two numbers that are exact is the nearest double itself.
    return typeof digits === 'number' && unit !== undefined ? digits / unit : Number(this.toString());
  }

  /** All digits, without an exponent and without zeros at the end. */
  toString(): string {
    const { digits } = this;
    if (typeof digits === 'number' && this.places <= fewPlaces && isFewDigits(digits))
      return String(digits / (powers[this.places] ?? 1));
    const text = String(digits);
    if (this.places === 0) return text;
    const sign = text.startsWith('-') ? '-' : '';
    const padded = text.slice(sign.length).padStart(this.places + 1, '0');
    const fraction = padded.slice(-this.places).replace(/0+$/, '');
    const whole = padded.slice(0, -this.places);
    return fraction === '' ? sign + whole : `${sign}${whole}.${fraction}`;
  }

  /** The digits with so many places, at least its own. */
  #at(places: number): number | bigint {
    const more = places - this.places;
    if (more === 0) return this.digits;
    if (typeof this.digits === 'number' && more < powers.length) {
      const digits = this.digits * (powers[more] ?? 1);
      if (Number.isSafeInteger(digits)) return digits;
    }
    return BigInt(this.digits) * bigPower(more);
  }
}

/** @param unit above zero */
function roundedBig(digits: bigint, unit: bigint, rounding: Rounding): bigint {
  const isNegative = digits < 0n;
  const size = isNegative ? -digits : digits;
  const whole = size / unit;
  const rest = size % unit;
  const twice = rest * 2n;
  const against = twice < unit ? -1 : twice > unit ? 1 : 0;
  const isUp = rest > 0n && goesUp(rounding, isNegative, whole % 2n === 1n, against);
  const kept = isUp ? whole + 1n : whole;
  return isNegative ? -kept : kept;
}

/** @param against the rest against a half: below, at or above zero */
function goesUp(rounding: Rounding, isNegative: boolean, isOdd: boolean, against: number): boolean {
  switch (rounding) {
    case 'half-away':
      return against >= 0;
    case 'half-even':
      return against > 0 || (against === 0 && isOdd);
    case 'up':
      return true;
    case 'down':
      return false;
    case 'ceiling':
      return !isNegative;
    case 'floor':
      return isNegative;
  }
}
