/** Values of CSS as drawings and HTML fragments use them. Nothing here throws; what is not understood is undefined. */

/** Channels 0..255, opacity 0..1. */
export interface CssColor {
  readonly channels: readonly [number, number, number];
  readonly opacity: number;
}

/** The names of CSS Color 4, each with its value. */
const names =
  'aliceblue f0f8ff antiquewhite faebd7 aqua 00ffff aquamarine 7fffd4 azure f0ffff beige f5f5dc bisque ffe4c4 black 000000 blanchedalmond ffebcd blue 0000ff blueviolet 8a2be2 brown a52a2a burlywood deb887 cadetblue 5f9ea0 chartreuse 7fff00 chocolate d2691e coral ff7f50 cornflowerblue 6495ed cornsilk fff8dc crimson dc143c cyan 00ffff darkblue 00008b darkcyan 008b8b darkgoldenrod b8860b darkgray a9a9a9 darkgreen 006400 darkgrey a9a9a9 darkkhaki bdb76b darkmagenta 8b008b darkolivegreen 556b2f darkorange ff8c00 darkorchid 9932cc darkred 8b0000 darksalmon e9967a darkseagreen 8fbc8f darkslateblue 483d8b darkslategray 2f4f4f darkslategrey 2f4f4f darkturquoise 00ced1 darkviolet 9400d3 deeppink ff1493 deepskyblue 00bfff dimgray 696969 dimgrey 696969 dodgerblue 1e90ff firebrick b22222 floralwhite fffaf0 forestgreen 228b22 fuchsia ff00ff gainsboro dcdcdc ghostwhite f8f8ff gold ffd700 goldenrod daa520 gray 808080 green 008000 greenyellow adff2f grey 808080 honeydew f0fff0 hotpink ff69b4 indianred cd5c5c indigo 4b0082 ivory fffff0 khaki f0e68c lavender e6e6fa lavenderblush fff0f5 lawngreen 7cfc00 lemonchiffon fffacd lightblue add8e6 lightcoral f08080 lightcyan e0ffff lightgoldenrodyellow fafad2 lightgray d3d3d3 lightgreen 90ee90 lightgrey d3d3d3 lightpink ffb6c1 lightsalmon ffa07a lightseagreen 20b2aa lightskyblue 87cefa lightslategray 778899 lightslategrey 778899 lightsteelblue b0c4de lightyellow ffffe0 lime 00ff00 limegreen 32cd32 linen faf0e6 magenta ff00ff maroon 800000 mediumaquamarine 66cdaa mediumblue 0000cd mediumorchid ba55d3 mediumpurple 9370db mediumseagreen 3cb371 mediumslateblue 7b68ee mediumspringgreen 00fa9a mediumturquoise 48d1cc mediumvioletred c71585 midnightblue 191970 mintcream f5fffa mistyrose ffe4e1 moccasin ffe4b5 navajowhite ffdead navy 000080 oldlace fdf5e6 olive 808000 olivedrab 6b8e23 orange ffa500 orangered ff4500 orchid da70d6 palegoldenrod eee8aa palegreen 98fb98 paleturquoise afeeee palevioletred db7093 papayawhip ffefd5 peachpuff ffdab9 peru cd853f pink ffc0cb plum dda0dd powderblue b0e0e6 purple 800080 rebeccapurple 663399 red ff0000 rosybrown bc8f8f royalblue 4169e1 saddlebrown 8b4513 salmon fa8072 sandybrown f4a460 seagreen 2e8b57 seashell fff5ee sienna a0522d silver c0c0c0 skyblue 87ceeb slateblue 6a5acd slategray 708090 slategrey 708090 snow fffafa springgreen 00ff7f steelblue 4682b4 tan d2b48c teal 008080 thistle d8bfd8 tomato ff6347 turquoise 40e0d0 violet ee82ee wheat f5deb3 white ffffff whitesmoke f5f5f5 yellow ffff00 yellowgreen 9acd32';

export const colorNames: ReadonlyMap<string, string> = new Map(
  [...names.matchAll(/([a-z]+) ([0-9a-f]{6})/g)].map(([, name = '', value = '']) => [name, value]),
);

function hexColor(digits: string): CssColor | undefined {
  const long = digits.length <= 4 ? digits.replace(/./g, '$&$&') : digits;
  if (long.length !== 6 && long.length !== 8) return undefined;
  const byte = (at: number) => Number.parseInt(long.slice(at, at + 2), 16);
  return { channels: [byte(0), byte(2), byte(4)], opacity: long.length === 8 ? byte(6) / 255 : 1 };
}

/** A number, or a percentage of `whole`, held within 0..`whole`. */
function share(text: string, whole: number): number | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(%?)$/.exec(text);
  if (match === null) return undefined;
  const value = match[2] === '%' ? (Number(match[1]) * whole) / 100 : Number(match[1]);
  return Math.min(whole, Math.max(0, value));
}

const turns: Readonly<Record<string, number>> = {
  '': 1 / 360,
  deg: 1 / 360,
  grad: 1 / 400,
  rad: 0.5 / Math.PI,
  turn: 1,
};

function hslColor(hue: string, saturation: string, lightness: string): CssColor['channels'] | undefined {
  const match = /^([+-]?(?:\d+\.?\d*|\.\d+))(deg|grad|rad|turn|)$/.exec(hue);
  // Old and new syntax: `50%` and `50` mean the same here.
  const s = share(saturation.replace('%', ''), 100);
  const l = share(lightness.replace('%', ''), 100);
  if (match === null || s === undefined || l === undefined) return undefined;
  const degrees = Number(match[1]) * (turns[match[2] ?? ''] ?? 1) * 360;
  const channel = (offset: number) => {
    const k = (((offset + degrees / 30) % 12) + 12) % 12;
    const a = (s / 100) * Math.min(l / 100, 1 - l / 100);
    return Math.round(255 * (l / 100 - a * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}

/** A colour by name, `#` and 3, 4, 6 or 8 digits, `rgb()`, `rgba()`, `hsl()` or `hsla()` in the old and the new syntax. */
export function parseColor(value: string): CssColor | undefined {
  const text = value.trim().toLowerCase();
  if (text.startsWith('#')) return /^#[0-9a-f]+$/.test(text) ? hexColor(text.slice(1)) : undefined;
  const named = colorNames.get(text);
  if (named !== undefined) return hexColor(named);
  const call = /^(rgb|hsl)a?\(([^()]{1,100})\)$/.exec(text);
  if (call === null) return undefined;
  const [first = '', second = '', third = '', fourth = '1', ...rest] = (call[2] ?? '')
    .trim()
    .split(/\s*[,/]\s*|\s+/);
  const opacity = share(fourth, 1);
  if (opacity === undefined || rest.length > 0) return undefined;
  if (call[1] === 'hsl') {
    const channels = hslColor(first, second, third);
    return channels === undefined ? undefined : { channels, opacity };
  }
  const [red, green, blue] = [share(first, 255), share(second, 255), share(third, 255)];
  if (red === undefined || green === undefined || blue === undefined) return undefined;
  return { channels: [Math.round(red), Math.round(green), Math.round(blue)], opacity };
}

/** As `#rrggbb`, as it looks on white paper; undefined for anything that is no colour or cannot be seen. */
export function cssColor(value: string): string | undefined {
  const color = parseColor(value);
  if (color === undefined || color.opacity === 0) return undefined;
  const onWhite = color.channels.map((channel) => Math.round(255 + (channel - 255) * color.opacity));
  return `#${onWhite.map((channel) => channel.toString(16).padStart(2, '0')).join('')}`;
}

const unitPoints: Readonly<Record<string, number>> = {
  '': 0.75,
  px: 0.75,
  pt: 1,
  pc: 12,
  mm: 72 / 25.4,
  q: 18 / 25.4,
  cm: 72 / 2.54,
  in: 72,
};

/** A CSS length: absolute in points (without a unit it is pixels), or in the font size or percent as a factor. */
export type CssLength = { readonly of: 'point' | 'em' | 'rem' | 'percent'; readonly value: number };

export function parseLength(value: string): CssLength | undefined {
  // Longer than any number that means something.
  if (value.length > 64) return undefined;
  const match = /^\s*\+?(\d+\.?\d*|\.\d+)(e[+-]?\d{1,2})?\s*(px|pt|pc|mm|cm|in|q|em|rem|ex|%|)\s*$/i.exec(
    value,
  );
  if (match === null) return undefined;
  const number = Number(`${match[1]}${match[2] ?? ''}`);
  const unit = (match[3] ?? '').toLowerCase();
  if (!Number.isFinite(number)) return undefined;
  if (unit === '%') return { of: 'percent', value: number / 100 };
  if (unit === 'em') return { of: 'em', value: number };
  if (unit === 'ex') return { of: 'em', value: number / 2 };
  if (unit === 'rem') return { of: 'rem', value: number };
  return { of: 'point', value: number * (unitPoints[unit] ?? 1) };
}

/** The declarations of an inline style by their lower-case names; values as they stand, without `!important`. */
export function declarations(style: string): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const part of style.slice(0, 20_000).split(';')) {
    const colon = part.indexOf(':');
    if (colon <= 0) continue;
    const value = part
      .slice(colon + 1)
      .replace(/!\s*important\s*$/i, '')
      .trim();
    found.set(part.slice(0, colon).trim().toLowerCase(), value);
  }
  return found;
}
