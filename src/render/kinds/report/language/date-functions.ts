import { Decimal } from './decimal.js';
import {
  type DateStyle,
  dateStyles,
  dateText,
  type Moment,
  momentOf,
  type TimeStyle,
  timeStyles,
  utcOf,
} from './formats.js';
import {
  choiceOf,
  date,
  dates,
  number,
  numbers,
  type PlainFunction,
  texts,
  whole,
  words,
} from './plain-function.js';
import type { Place, Run } from './run.js';
import type { Value } from './values.js';

function withMoment(x: Run, place: Place, value: Value | undefined, use: (moment: Moment) => Value): Value {
  const written = words(value);
  if (written === '') return null;
  const moment = momentOf(written);
  return moment === undefined ? x.fault(place, 'the text is not a date such as 2026-11-28') : use(moment);
}

/** Functions of calendar dates. */
export const dateFunctions: readonly PlainFunction[] = [
  {
    name: 'date',
    signature: 'date(date, style = "medium")',
    says: `The day in the locale; styles are ${dateStyles.join(', ')}`,
    args: [date, { kinds: ['text'], oneOf: dateStyles }],
    least: 1,
    result: texts,
    cost: 40,
    run: (x, place, value, style) => {
      const chosen = choiceOf<DateStyle>(x, place, style, dateStyles, 'medium');
      if (chosen === undefined) return null;
      return withMoment(x, place, value, (moment) => x.print(x.formats.date(x.locale, moment, chosen)));
    },
  },
  {
    name: 'time',
    signature: 'time(date, style = "short")',
    says: 'The time of day in the locale, as it is written; null where the date has none',
    args: [date, { kinds: ['text'], oneOf: timeStyles }],
    least: 1,
    result: texts,
    cost: 40,
    run: (x, place, value, style) => {
      const chosen = choiceOf<TimeStyle>(x, place, style, timeStyles, 'short');
      if (chosen === undefined) return null;
      return withMoment(x, place, value, (moment) =>
        moment.time === undefined ? null : x.print(x.formats.time(x.locale, moment, chosen)),
      );
    },
  },
  {
    name: 'addDays',
    signature: 'addDays(date, days)',
    says: 'The day so many days later',
    args: [date, number],
    least: 2,
    result: dates,
    cost: 10,
    run: (x, place, value, days) => {
      const count = whole(x, place, days, { least: -100_000, most: 100_000, what: 'the number of days' });
      if (count === undefined) return null;
      return withMoment(x, place, value, ({ year, month, day }) =>
        dayText(x, place, utcOf({ year, month, day }) + count * dayMs),
      );
    },
  },
  {
    name: 'addMonths',
    signature: 'addMonths(date, months)',
    says: 'The same day so many months later, or the last of that month where it has no such day',
    args: [date, number],
    least: 2,
    result: dates,
    cost: 10,
    run: (x, place, value, months) => {
      const count = whole(x, place, months, { least: -12_000, most: 12_000, what: 'the number of months' });
      if (count === undefined) return null;
      return withMoment(x, place, value, ({ year, month, day }) => {
        const first = year * 12 + month - 1 + count;
        const to = { year: Math.floor(first / 12), month: (((first % 12) + 12) % 12) + 1 };
        if (to.year < 0 || to.year > 9998) return x.fault(place, 'the day is in no calendar');
        const last = (utcOf({ ...nextMonth(to), day: 1 }) - utcOf({ ...to, day: 1 })) / dayMs;
        return dayText(x, place, utcOf({ ...to, day: Math.min(day, last) }));
      });
    },
  },
  {
    name: 'days',
    signature: 'days(from, to)',
    says: 'How many days lie between two days',
    args: [date, date],
    least: 2,
    result: numbers,
    cost: 10,
    run: (x, place, from, to = null) =>
      withMoment(x, place, from, (one) =>
        withMoment(x, place, to, (two) => Decimal.of((dayOf(two) - dayOf(one)) / dayMs)),
      ),
  },
];

const dayMs = 86_400_000;

function dayOf({ year, month, day }: Moment): number {
  return utcOf({ year, month, day });
}

function nextMonth({ year, month }: { readonly year: number; readonly month: number }): {
  readonly year: number;
  readonly month: number;
} {
  return month === 12 ? { year: year + 1, month: 1 } : { year, month: month + 1 };
}

function dayText(x: Run, place: Place, milliseconds: number): Value {
  const text = dateText(milliseconds);
  // Years before 0 and after 9999 have signs and more digits.
  return /^\d{4}-/.test(text) ? text : x.fault(place, 'the day is in no calendar');
}
