/**
 * GS1 element strings, written with brackets: `(01)04012345123456(10)LOT7`. What an application identifier takes is in
 * the GS1 General Specifications, section 3. Here are held: the identifiers, the lengths and characters of their
 * fields, check digits, dates and times. Lists that others keep (countries, currencies, media types) are not looked up,
 * and that one identifier asks for another is not held either: the other may stand in a second code on the label.
 */

interface Part {
  readonly characters: RegExp;
  readonly min: number;
  readonly max: number;
  readonly optional: boolean;
  readonly rules: readonly Rule[];
}

/** The reason why a field is wrong, or undefined. */
type Rule = (field: string) => string | undefined;

/** Check digit of GTIN, SSCC, GLN and the EAN family: weights 3 and 1 from the right. */
export function checkDigit(digits: string): number {
  let sum = 0;
  for (let i = 0; i < digits.length; i++)
    sum += Number(digits[digits.length - 1 - i]) * (i % 2 === 0 ? 3 : 1);
  return (10 - (sum % 10)) % 10;
}

const alphabet = '!"%&\'()*+,-./0123456789:;<=>?ABCDEFGHIJKLMNOPQRSTUVWXYZ_abcdefghijklmnopqrstuvwxyz';
const checkAlphabet = '23456789ABCDEFGHJKLMNPQRSTUVWXYZ';
const primes = [2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37, 41, 43, 47, 53, 59, 61, 67, 71, 73, 79, 83];

/** The pair of check characters of a Global Model Number. */
export function checkPair(value: string): string {
  let sum = 0;
  for (let i = 0; i < value.length; i++)
    sum += alphabet.indexOf(value.charAt(i)) * (primes[value.length - 1 - i] ?? 0);
  const rest = sum % 1_021;
  return checkAlphabet.charAt(rest >> 5) + checkAlphabet.charAt(rest & 31);
}

function dayRule(field: string, dayFree: boolean): string | undefined {
  const [year, month, day] = [field.slice(0, -4), field.slice(-4, -2), field.slice(-2)].map(Number);
  if (year === undefined || month === undefined || day === undefined || month < 1 || month > 12)
    return 'has no such month';
  // A year of two digits is one of this century or the last, and 2000 was a leap year.
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  const days = [31, leap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31][month - 1] ?? 0;
  return day <= days && (day > 0 || dayFree) ? undefined : 'has no such day';
}

const below = (most: number, what: string) => (field: string) =>
  Number(field) < most ? undefined : `has no such ${what}`;
const matching = (pattern: RegExp, message: string) => (field: string) =>
  pattern.test(field) ? undefined : message;

const rules: Readonly<Record<string, Rule>> = {
  check(field) {
    const right = checkDigit(field.slice(0, -1));
    return right === Number(field.at(-1)) ? undefined : `has a wrong check digit (expected ${right})`;
  },
  pair(field) {
    if (field.length < 3 || field.length > primes.length + 2) return 'has a wrong length';
    const right = checkPair(field.slice(0, -2));
    return field.endsWith(right) ? undefined : `has wrong check characters (expected ${right})`;
  },
  day: (field) => dayRule(field, false),
  month: (field) => dayRule(field, true),
  // 9999 stands for no time.
  time: (field) =>
    field === '9999' || (Number(field.slice(0, 2)) < 24 && Number(field.slice(2)) < 60)
      ? undefined
      : 'has no such time',
  hour: below(24, 'hour'),
  minute: below(60, 'minute'),
  second: below(60, 'second'),
  flag: matching(/^[01]$/, 'must be 0 or 1'),
  zero: matching(/^0$/, 'must begin with 0'),
  some: matching(/[1-9]/, 'must not be 0'),
  piece(field) {
    const [piece, total] = [Number(field.slice(0, 2)), Number(field.slice(2))];
    return piece > 0 && piece <= total ? undefined : 'has no such piece of its total';
  },
};

/**
 * Fields of an identifier -> the identifiers, `x` being any digit and `[...]` as in a pattern. A field is its
 * characters (N digits; X, Y, Z the sets of 82, 39 and 64 characters), its length and its rules; `?` is one that may
 * be left out.
 */
const table: readonly (readonly [fields: string, identifiers: string])[] = [
  ['N18,check', '00'],
  ['N14,check', '0[1-3]'],
  ['X1-20', '10 2[12] 243 254 420 4318 702[0-2] 71[0-7] 7240 8002 8012'],
  ['N6,month', '1[1-3] 1[5-7]'],
  ['N2', '20'],
  ['X1-28', '235'],
  ['X1-30', '24[01] 25[01] 40[013] 4308 4319 7002 7023 8004 90'],
  ['N1-6', '242'],
  ['N13,check X1-17?', '253'],
  ['N13,check N1-12?', '255'],
  ['N1-8', '30 37'],
  ['N6', '31[0-6][0-5] 32x[0-5] 33[0-7][0-5] 34x[0-5] 35[0-7][0-5] 36x[0-5] 395[0-3] 8005'],
  ['N1-15', '390x 392x'],
  ['N3 N1-15', '391x 393x'],
  ['N4', '394[0-3] 8111'],
  ['N17,check', '402'],
  ['N13,check', '41[0-7]'],
  ['N3 X1-9', '421'],
  ['N3', '42[246]'],
  ['N3 N3? N3? N3? N3?', '42[35]'],
  ['X1-3', '427 7008'],
  ['X1-35', '430[01] 431[01] 4320'],
  ['X1-70', '430[2-6] 431[2-6] 7257 8110 8112 8200'],
  ['X2', '4307 4317'],
  ['N10 N10', '4309'],
  ['N1,flag', '432[1-3]'],
  ['N6,month N4,time', '432[45]'],
  ['N6,day', '4326 7006'],
  ['N6 X1?', '433[0-3]'],
  ['N13', '7001'],
  ['N6,day N4,time', '7003'],
  ['N1-4', '7004'],
  ['X1-12', '7005'],
  ['N6,day N6,day?', '7007'],
  ['X1-10', '7009 7255'],
  ['X1-2', '7010'],
  ['N6,day N4,time?', '7011'],
  ['N3 X1-27', '703x'],
  ['N1 X3', '7040'],
  ['X1-4', '7041'],
  ['X2 X1-28', '723x'],
  ['N2', '7241'],
  ['X1-25', '7242 8020'],
  ['N8,day', '7250'],
  ['N8,day N4,time', '7251'],
  ['N1', '7252'],
  ['X1-40', '725[349]'],
  ['X1-90', '7256 9[1-9]'],
  ['X3', '7258'],
  ['N4,some N5,some N3,some N1 N1', '8001'],
  ['N1,zero N13,check X1-16?', '8003'],
  ['N14,check N4,piece', '8006 8026'],
  ['X1-34', '8007'],
  ['N6,day N2,hour N2,minute? N2,second?', '8008'],
  ['X1-50', '8009'],
  ['Y1-30', '8010'],
  ['N1-12', '8011'],
  ['X1-25,pair', '801[34]'],
  ['N18,check', '801[78]'],
  ['N1-10', '8019'],
  ['Z1-90', '8030'],
  ['N15', '804[01]'],
  ['N32', '8042'],
  ['N18 N1-2?', '8043'],
];

const characterSets: Readonly<Record<string, RegExp>> = {
  N: /^\d*$/,
  // Without brackets, which begin and end an identifier here.
  X: /^[!"%&'*+,\-./0-9:;<=>?A-Z_a-z]*$/,
  Y: /^[#\-/0-9A-Z]*$/,
  Z: /^[\w-]*={0,2}$/,
};

function readPart(written: string): Part {
  const optional = written.endsWith('?');
  const [shape = '', ...names] = (optional ? written.slice(0, -1) : written).split(',');
  const [min = '', max = min] = shape.slice(1).split('-');
  return {
    characters: characterSets[shape.charAt(0)] ?? /^$/,
    min: Number(min),
    max: Number(max),
    optional,
    rules: names.flatMap((name) => rules[name] ?? []),
  };
}

const identifiers = table.map(([fields, names]) => ({
  name: new RegExp(`^(?:${names.replaceAll('x', '\\d').replaceAll(' ', '|')})$`),
  parts: fields.split(' ').map(readPart),
}));

/** Identifiers by their first two digits whose length every reader knows: no separator follows them. */
const fixed = /^(?:0[0-4]|1[1-9]|20|3[1-6]|41)/;

function fieldDefect(parts: readonly Part[], value: string): string | undefined {
  const most = parts.reduce((sum, { max }) => sum + max, 0);
  if (value.length > most) return `must have at most ${most} characters`;
  let rest = value;
  for (const { characters, min, max, optional, rules } of parts) {
    const field = rest.slice(0, max);
    rest = rest.slice(max);
    if (field === '' && optional) continue;
    if (field.length < min) return 'is too short';
    if (!characters.test(field)) return 'has a character that does not belong there';
    for (const rule of rules) {
      const defect = rule(field);
      if (defect !== undefined) return defect;
    }
  }
  return undefined;
}

/** The reason why a value is no GS1 element string of at most `most` characters, separators counted, or undefined. */
export function gs1Defect(value: string, most: number): string | undefined {
  if (!/^(?:\(\d{2,4}\)[^()]+)+$/.test(value))
    return 'must be application identifiers and values such as "(01)04012345123456"';
  let length = 0;
  const elements = [...value.matchAll(/\((\d+)\)([^()]+)/g)];
  for (const [index, [, name = '', field = '']] of elements.entries()) {
    const known = identifiers.find((identifier) => identifier.name.test(name));
    if (known === undefined) return `has (${name}), which is not an application identifier`;
    const defect = fieldDefect(known.parts, field);
    if (defect !== undefined) return `has a wrong (${name}): it ${defect}`;
    const separated = index < elements.length - 1 && !fixed.test(name);
    length += name.length + field.length + (separated ? 1 : 0);
  }
  return length > most ? `has ${length} characters, separators counted; this code holds ${most}` : undefined;
}
