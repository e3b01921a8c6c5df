import { folderOfPackage } from './packages.js';

/**
 * The fonts that a document may use, as plain values: loads no font and no engine, so that the HTTP side (request
 * check, capabilities) and the render side agree on the names. Some are in packages that an installation may leave out.
 */

export type FaceStyle = 'normal' | 'bold' | 'italics' | 'bolditalics';

/** One font file, or one of the fonts that every PDF reader has. */
export interface Face {
  /** `dejavu-sans:bold`; unique. */
  readonly id: string;
  readonly source:
    | { readonly type: 'standard'; readonly name: string }
    | {
        readonly type: 'file';
        readonly package: string;
        readonly path: string;
        /** In the place of the font's own. */
        readonly height?: LineHeight;
      };
}

/** Thousandths of the font size above and below the baseline; `descender` is below zero. */
export interface LineHeight {
  readonly ascender: number;
  readonly descender: number;
}

export interface Family {
  /** Name in requests, lower case. */
  readonly name: string;
  readonly label: string;
  /** ISO 15924 codes of what it covers well. */
  readonly scripts: readonly string[];
  readonly styles: readonly ('' | 'B' | 'I' | 'BI')[];
  /** A family without an own italic (Chinese, Japanese, Korean) repeats its upright face. */
  readonly faces: Readonly<Record<FaceStyle, Face>>;
  /** Left to the operator, since it is large: its package, and the characters that are a reason to install it. */
  readonly optional?: { readonly package: string; readonly reasons: RegExp };
}

const standard = (family: string, name: string): Face => ({
  id: `${family}:${name}`,
  source: { type: 'standard', name },
});

const file = (family: string, packageName: string, path: string): Face => ({
  id: `${family}:${path.slice(path.lastIndexOf('/') + 1)}`,
  source: { type: 'file', package: packageName, path },
});

const core = (name: string, label: string, names: readonly [string, string, string, string]): Family => ({
  name,
  label,
  scripts: ['Latn'],
  styles: ['', 'B', 'I', 'BI'],
  faces: {
    normal: standard(name, names[0]),
    bold: standard(name, names[1]),
    italics: standard(name, names[2]),
    bolditalics: standard(name, names[3]),
  },
});

/** A family with the widths of a standard one, and with its line height, so that a document keeps its lines and pages. */
const compatible = (name: string, label: string, height: LineHeight): Family => {
  const face = (style: string): Face => {
    const path = `${style}/${label}_${style}.ttf`;
    return {
      id: `${name}:${style}`,
      source: { type: 'file', package: `@expo-google-fonts/${name}`, path, height },
    };
  };
  return {
    name,
    label,
    scripts: ['Latn', 'Grek', 'Cyrl', 'Hebr'],
    styles: ['', 'B', 'I', 'BI'],
    faces: {
      normal: face('400Regular'),
      bold: face('700Bold'),
      italics: face('400Regular_Italic'),
      bolditalics: face('700Bold_Italic'),
    },
  };
};

const dejavu = (name: string, label: string, stem: string, slant: 'Oblique' | 'Italic'): Family => {
  const face = (suffix: string) => file(name, 'dejavu-fonts-ttf', `ttf/${stem}${suffix}.ttf`);
  return {
    name,
    label,
    scripts: ['Latn', 'Grek', 'Cyrl', 'Armn', 'Geor'],
    styles: ['', 'B', 'I', 'BI'],
    faces: {
      normal: face(''),
      bold: face('-Bold'),
      italics: face(`-${slant}`),
      bolditalics: face(`-Bold${slant}`),
    },
  };
};

const eastAsian = (
  name: string,
  label: string,
  packageName: string,
  stem: string,
  scripts: string[],
  reasons: RegExp,
): Family => {
  const normal = file(name, packageName, `fonts/${stem}-Regular.otf`);
  const bold = file(name, packageName, `fonts/${stem}-Bold.otf`);
  return {
    name,
    label,
    scripts,
    styles: ['', 'B'],
    faces: { normal, bold, italics: normal, bolditalics: bold },
    optional: { package: packageName, reasons },
  };
};

/** In outlines of one colour, as text is; with the usual sequences, such as families and flags. */
const emoji = (name: string, label: string): Family => {
  const face = (style: string) =>
    file(name, '@expo-google-fonts/noto-emoji', `${style}/NotoEmoji_${style}.ttf`);
  const [normal, bold] = [face('400Regular'), face('700Bold')];
  return {
    name,
    label,
    scripts: ['Zsye'],
    styles: ['', 'B'],
    faces: { normal, bold, italics: normal, bolditalics: bold },
  };
};

export const emojiFamily = 'noto-emoji';

const han = /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\u3000-\u303f\uff00-\uffef]/u;
const hangul = /\p{Script=Hangul}/u;

const all: readonly Family[] = [
  compatible('arimo', 'Arimo', { ascender: 718, descender: -207 }),
  compatible('tinos', 'Tinos', { ascender: 683, descender: -217 }),
  compatible('cousine', 'Cousine', { ascender: 629, descender: -157 }),
  core('helvetica', 'Helvetica', [
    'Helvetica',
    'Helvetica-Bold',
    'Helvetica-Oblique',
    'Helvetica-BoldOblique',
  ]),
  core('times', 'Times', ['Times-Roman', 'Times-Bold', 'Times-Italic', 'Times-BoldItalic']),
  core('courier', 'Courier', ['Courier', 'Courier-Bold', 'Courier-Oblique', 'Courier-BoldOblique']),
  dejavu('dejavu-sans', 'DejaVu Sans', 'DejaVuSans', 'Oblique'),
  dejavu('dejavu-serif', 'DejaVu Serif', 'DejaVuSerif', 'Italic'),
  dejavu('dejavu-mono', 'DejaVu Sans Mono', 'DejaVuSansMono', 'Oblique'),
  eastAsian('noto-sans-jp', 'Noto Sans JP', '@embedpdf/fonts-jp', 'NotoSansJP', ['Jpan', 'Latn'], han),
  eastAsian('noto-sans-sc', 'Noto Sans SC', '@embedpdf/fonts-sc', 'NotoSansHans', ['Hans', 'Latn'], han),
  eastAsian('noto-sans-kr', 'Noto Sans KR', '@embedpdf/fonts-kr', 'NotoSansKR', ['Kore', 'Latn'], hangul),
  emoji(emojiFamily, 'Noto Emoji'),
];

const isInstalled = ({ optional }: Family): boolean =>
  optional === undefined || folderOfPackage(optional.package) !== undefined;

/** What a document may name. */
export const families: readonly Family[] = all.filter(isInstalled);

/** Those that are not installed, each with its package. */
export const absent: readonly {
  readonly name: string;
  readonly package: string;
  readonly reasons: RegExp;
}[] = all.flatMap(({ name, optional }) =>
  optional === undefined || families.some((family) => family.name === name) ? [] : [{ name, ...optional }],
);

/** What an operator can do so that documents may have these characters, as the end of a sentence; empty for nothing. */
export function adviceFor(characters: Iterable<number>): string {
  const text = [...characters].map((code) => String.fromCodePoint(code)).join('');
  // One for each reason: Han characters are in three of them.
  const found = absent.filter(
    ({ reasons }, index) =>
      reasons.test(text) && absent.findIndex((other) => other.reasons === reasons) === index,
  );
  const names = found.map(({ package: name }) => name).join(' ');
  return names === '' ? '' : `; on the server, "npm install ${names}" adds what such text needs`;
}

/** Scripts that have no slanted letters (Arabic, for one) stand upright in a slanted text. */
function uprightOf({ name, faces, ...family }: Family): Family {
  const { normal, bold } = faces;
  return { ...family, name: `${name}-upright`, faces: { normal, bold, italics: normal, bolditalics: bold } };
}

/** Those, and what stands in for some of their glyphs. */
export const drawnFamilies: readonly Family[] = [
  ...families,
  ...families.filter(({ name }) => name === 'dejavu-sans').map(uprightOf),
];

/** What `GET /capabilities` lists. */
export const fonts = families.map(({ name, label, styles, scripts }) => ({
  family: name,
  label,
  styles,
  scripts,
}));

const byName = new Map(drawnFamilies.map((family) => [family.name, family]));
const aliases = new Map([
  ['arial', 'arimo'],
  ['liberation sans', 'arimo'],
  ['times new roman', 'tinos'],
  ['liberation serif', 'tinos'],
  ['courier new', 'cousine'],
  ['liberation mono', 'cousine'],
  ['times-roman', 'times'],
  ['dejavu sans', 'dejavu-sans'],
  ['dejavu serif', 'dejavu-serif'],
  ['dejavu sans mono', 'dejavu-mono'],
  ['dejavusans', 'dejavu-sans'],
  ['dejavuserif', 'dejavu-serif'],
  ['dejavusansmono', 'dejavu-mono'],
]);

/** A family by the name in a request, in any case; undefined when there is none. */
export function findFamily(name: string): Family | undefined {
  const key = name.toLowerCase();
  return byName.get(aliases.get(key) ?? key);
}

/** The family of text that names none: embedded, so that it looks the same everywhere. */
export const defaultFamily = 'arimo';
export const monospaceFamily = 'cousine';

/** For families that are not embedded, the one with the same widths that is. */
const embedded = new Map([
  ['helvetica', 'arimo'],
  ['times', 'tinos'],
  ['courier', 'cousine'],
]);

/** The embedded family to take in the place of one that readers put in from their own fonts; undefined for others. */
export function embeddedFamilyFor(name: string): string | undefined {
  return embedded.get(findFamily(name)?.name ?? '');
}

/** The Unicode family that stands in for `name` where its own glyphs end. */
export function unicodeFamilyOf(name: string): string {
  if (['times', 'tinos', 'dejavu-serif'].includes(name)) return 'dejavu-serif';
  if (['courier', 'cousine', 'dejavu-mono'].includes(name)) return 'dejavu-mono';
  return 'dejavu-sans';
}

/**
 * Families to try in order for text of `family` in `language` (BCP 47). The language decides which East Asian shapes
 * a Han character gets, since one code point is drawn differently in Japan, China and Korea.
 */
export function fallbackChain(family: string, language: string | undefined): readonly string[] {
  const unicode = unicodeFamilyOf(family);
  const tag = (language ?? '').toLowerCase();
  const eastern = tag.startsWith('zh')
    ? ['noto-sans-sc', 'noto-sans-jp', 'noto-sans-kr']
    : tag.startsWith('ko')
      ? ['noto-sans-kr', 'noto-sans-jp', 'noto-sans-sc']
      : ['noto-sans-jp', 'noto-sans-sc', 'noto-sans-kr'];
  const chain = [family, unicode, 'dejavu-sans', 'dejavu-sans-upright', emojiFamily, ...eastern];
  // It has some signs of currencies that none of the others has.
  return [...new Set([...chain, defaultFamily])];
}
