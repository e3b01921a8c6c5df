/** Figures as Prometheus reads them, and what its linter (`promtool check metrics`) says of their names. */

export interface Figure {
  readonly name: string;
  readonly type: string;
  readonly help: string;
  /** Names of labels in its samples, without those that its type gives it (`le`). */
  readonly labels: readonly string[];
}

export function figuresOf(text: string): readonly Figure[] {
  const figures = new Map<string, { type: string; help: string; labels: Set<string> }>();
  const at = (name: string) => {
    const found = figures.get(name) ?? { type: '', help: '', labels: new Set<string>() };
    figures.set(name, found);
    return found;
  };
  for (const line of text.split('\n')) {
    const [, word, described = '', rest = ''] = /^# (HELP|TYPE) (\S+) ?(.*)$/.exec(line) ?? [];
    if (word === 'HELP') at(described).help = rest;
    if (word === 'TYPE') at(described).type = rest;
    const [, sample, inside = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
    if (sample === undefined) continue;
    const base = sample.replace(/_(bucket|sum|count)$/, '');
    const name = figures.get(base)?.type === 'histogram' ? base : sample;
    for (const [, label = ''] of inside.matchAll(/(\w+)="(?:[^"\\]|\\.)*"/g)) {
      if (label !== 'le' || at(name).type !== 'histogram') at(name).labels.add(label);
    }
  }
  return [...figures].map(([name, { type, help, labels }]) => ({ name, type, help, labels: [...labels] }));
}

const abbreviated = /(^|_)(s|ms|us|ns|sec|b|kb|mb|gb|tb|pb|m|h|d)(_|$)/;
const notBase =
  /(^|_)(milliseconds?|microseconds?|minutes?|hours?|days?|kilobytes?|megabytes?|bits?|percent)(_|$)/;

/** The rules of Prometheus' linter, as far as figures like ours can break them. */
export function lint(figure: Figure): readonly string[] {
  const { name, type, help, labels } = figure;
  const broken: readonly (readonly [boolean, string])[] = [
    [help === '', 'no help text'],
    [!['counter', 'gauge', 'histogram', 'summary'].includes(type), `no type, but "${type}"`],
    [type === 'counter' && !name.endsWith('_total'), 'counters should have the suffix _total'],
    [type !== 'counter' && name.endsWith('_total'), 'only counters should have the suffix _total'],
    [type !== 'histogram' && name.endsWith('_bucket'), 'only histograms should have the suffix _bucket'],
    [
      !/^(histogram|summary)$/.test(type) && /_(count|sum)$/.test(name),
      'a suffix of histograms and summaries',
    ],
    [type !== 'histogram' && labels.includes('le'), 'only histograms should have the label le'],
    [type !== 'summary' && labels.includes('quantile'), 'only summaries should have the label quantile'],
    [name.includes(':'), 'colons are for rules'],
    [[name, ...labels].some((word) => word !== word.toLowerCase()), 'snake_case'],
    [new RegExp(`(^|_)${type}(_|$)`).test(name), 'the name should not say the type'],
    [abbreviated.test(name), 'units should not be abbreviated'],
    [notBase.test(name), 'base units'],
  ];
  return broken.flatMap(([is, rule]) => (is ? [`${name}: ${rule}`] : []));
}
