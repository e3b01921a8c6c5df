export type Attributes = Readonly<Record<string, string>>;

/** An element with attributes and what is in it. */
export function make<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Attributes = {},
  ...inside: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, value);
  element.append(...inside);
  return element;
}

/** Lines of pictures of 20 by 20. */
const icons = {
  strip: 'M3 4h14v12H3zM7.5 4v12',
  up: 'm5 12.5 5-5 5 5',
  down: 'm5 7.5 5 5 5-5',
  plus: 'M10 4v12M4 10h12',
  minus: 'M4 10h12',
  width: 'M3 4v12M17 4v12M5.5 10h9M8 7.5 5.5 10 8 12.5M12 7.5 14.5 10 12 12.5',
  page: 'M5 3h10v14H5zM10 6v8M8 8l2-2 2 2M8 12l2 2 2-2',
  find: 'M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 1 0 0-11M13 13l4 4',
  close: 'm5 5 10 10M15 5 5 15',
} as const;

export function icon(name: keyof typeof icons): SVGSVGElement {
  const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
  svg.setAttribute('viewBox', '0 0 20 20');
  svg.setAttribute('aria-hidden', 'true');
  const path = document.createElementNS('http://www.w3.org/2000/svg', 'path');
  path.setAttribute('d', icons[name]);
  svg.append(path);
  return svg;
}

export interface ButtonOptions {
  readonly icon: keyof typeof icons;
  /** Said and shown. @example 'Zoom in (+)' */
  readonly label: string;
  readonly press: () => void;
  readonly class?: string;
}

export function button({ icon: name, label, press, class: style = '' }: ButtonOptions): HTMLButtonElement {
  const made = make('button', { type: 'button', part: 'button', class: style, title: label }, icon(name));
  made.setAttribute('aria-label', label.replace(/ \(.*\)$/, ''));
  made.addEventListener('click', press);
  return made;
}
