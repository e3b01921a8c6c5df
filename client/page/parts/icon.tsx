/** Strokes on a field of 16 by 16. */
const shapes = {
  brand:
    'M3.500 1.500h6l3.500 3.500v9h-9.500zM9.500 1.500v3.500h3.500M5 10.500h1.300l1.200-2.700 1.700 4.200 1-1.500H11.500',
  pending: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 4.800V8l2.200 1.500',
  running: 'M8 2a6 6 0 1 1-6 6',
  completed: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM5.300 8.200l1.900 1.900 3.500-3.900',
  failed: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM8 5v3.500M8 10.900v.1',
  cancelled: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM4.500 11.500l7-7',
  search: 'M7 2.500a4.500 4.500 0 1 0 0 9 4.500 4.500 0 0 0 0-9zM10.300 10.300L14 14',
  download: 'M8 2v8M4.800 7L8 10.200 11.200 7M2.500 13.500h11',
  retry: 'M13 8a5 5 0 1 1-1.500-3.500M13 2v3h-3',
  stop: 'M3.700 3.700h8.600v8.600h-8.600z',
  delete: 'M3 4.500h10M6.500 4V2.500h3V4M4.500 4.500l.500 9h6l.500-9M6.700 7v4M9.300 7v4',
  copy: 'M5.500 5.500h8v8h-8zM10.500 5.500v-3h-8v8h3',
  check: 'M3 8.500l3.300 3.300L13 4.800',
  close: 'M4 4l8 8M12 4l-8 8',
  back: 'M13 8H3M7 4L3 8l4 4',
  left: 'M10 3.500L5.500 8l4.500 4.500',
  right: 'M6 3.500L10.500 8 6 12.500',
  up: 'M8 13V3M4 7l4-4 4 4',
  edit: 'M3 13l.600-2.800 7.200-7.200 2.200 2.200-7.200 7.200z',
  sun: 'M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM8 1v1.500M8 13.500V15M1 8h1.500M13.500 8H15M3 3l1.100 1.100M11.900 11.900L13 13M13 3l-1.100 1.100M4.100 11.900L3 13',
  moon: 'M13.500 9.500A6 6 0 0 1 6.500 2.500a6 6 0 1 0 7 7z',
  system: 'M2 3h12v8H2zM6 13.500h4M8 11v2.500',
  help: 'M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2zM6.300 6.300a1.750 1.750 0 1 1 2.500 1.600c-.500.250-.800.600-.800 1.100M8 11.200v.1',
  book: 'M2.500 3h4A1.500 1.500 0 0 1 8 4.500V13a1.500 1.500 0 0 0-1.500-1h-4zM13.500 3h-4A1.500 1.500 0 0 0 8 4.500V13a1.500 1.500 0 0 1 1.500-1h4z',
  lock: 'M3.500 7h9v6.500h-9zM5.500 7V5a2.500 2.500 0 0 1 5 0v2',
  offline:
    'M2 2l12 12M4.500 11.500h7M3.500 11A2.500 2.500 0 0 1 4 6.200M7 4.200a3.500 3.500 0 0 1 4.500 3 2.300 2.300 0 0 1 1.800 3.300',
  page: 'M3.500 1.500h6l3 3v10h-9zM9.500 1.500v3h3',
  plus: 'M8 3v10M3 8h10',
} as const;

export type IconName = keyof typeof shapes;

/** Decoration: what it means is said beside it. */
export function Icon({ name }: { readonly name: IconName }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden="true" focusable="false">
      <path d={shapes[name]} />
    </svg>
  );
}
