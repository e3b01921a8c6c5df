import {
  type ButtonSlot,
  type ChoiceSlot,
  evaluate,
  type Message,
  type Slot,
  type TextSlot,
} from './program.js';
import type { DrawnPicture, RowPictures } from './row-pictures.js';
import { shownText } from './shown-text.js';

/** What a slot has in one row. */
export type SlotValue =
  | { readonly is: 'text'; readonly value: string; readonly shown: string; readonly option: number }
  /** `states` are those of the widgets. */
  | { readonly is: 'button'; readonly value: string; readonly states: readonly string[] }
  | { readonly is: 'mark'; readonly on: boolean }
  | { readonly is: 'code'; readonly value: string }
  | { readonly is: 'picture'; readonly drawn: DrawnPicture }
  | { readonly is: 'nothing' };

export interface Evaluated {
  readonly value: SlotValue;
  readonly applied: boolean;
  readonly message?: Message;
}

const on = /^(?:true|yes|on|1|x)$/i;
const off = /^(?:false|no|off|0|)$/i;

export function evaluateSlot(
  slot: Slot,
  values: readonly (string | undefined)[],
  pictures?: Pick<RowPictures, 'take'>,
): Evaluated {
  switch (slot.is) {
    case 'text':
      return textValue(slot, evaluate(slot.parts, values));
    case 'choice':
      return choiceValue(slot, evaluate(slot.parts, values));
    case 'button':
      return buttonValue(slot, evaluate(slot.parts, values).trim());
    case 'mark': {
      const text = evaluate(slot.parts, values).trim();
      if (on.test(text)) return { value: { is: 'mark', on: true }, applied: true };
      if (off.test(text)) return { value: { is: 'mark', on: false }, applied: true };
      return { value: { is: 'mark', on: false }, applied: false, message: unmatched(slot.name, text) };
    }
    case 'code': {
      const missing = slot.parts.some((part) => typeof part === 'number' && values[part] === undefined);
      const value = evaluate(slot.parts, values);
      if (value.trim() !== '') return { value: { is: 'code', value }, applied: true };
      const code = slot.isStatic
        ? 'STATIC_CODE_INVALID'
        : missing
          ? 'CODE_VALUE_MISSING'
          : 'CODE_VALUE_BLANK';
      const message = `${slot.name} has no value`;
      return { value: { is: 'nothing' }, applied: false, message: { code, message } };
    }
    case 'picture': {
      const text = evaluate(slot.parts, values).trim();
      const drawn = text === '' ? 'the row has none' : (pictures?.take(text) ?? 'there are none');
      if (typeof drawn !== 'string') return { value: { is: 'picture', drawn }, applied: true };
      const message = { code: 'IMAGE_INVALID', message: `${slot.name} is left out: ${drawn}` };
      return { value: { is: 'nothing' }, applied: false, message };
    }
    case 'still':
      return { value: { is: 'nothing' }, applied: true };
    case 'skipped':
      return { value: { is: 'nothing' }, applied: false, message: slot.message };
  }
}

function unmatched(name: string, text: string): Message {
  const message = `${name} has no value "${text.slice(0, 100)}"`;
  return { code: 'NATIVE_FIELD_VALUE_UNMATCHED', message };
}

function textValue(slot: TextSlot, given: string): Evaluated {
  let shown = shownText(given, slot.lines);
  let message: Message | undefined;
  if (slot.most > 0 && shown.length > slot.most) {
    const characters = Array.from(shown);
    if (characters.length > slot.most) {
      shown = characters.slice(0, slot.most).join('');
      message = {
        code: 'TEXT_OVERFLOW',
        message: `${slot.name} takes ${slot.most} characters: the text was cut`,
      };
    }
  }
  const drawn = slot.masked ? '*'.repeat(shown.length) : shown;
  const value = { is: 'text', value: shown, shown: drawn, option: -1 } as const;
  return { value, applied: true, ...(message === undefined ? {} : { message }) };
}

function choiceValue(slot: ChoiceSlot, given: string): Evaluated {
  let option = slot.values.indexOf(given);
  if (option < 0) option = slot.labels.indexOf(given);
  if (option >= 0) {
    const value = slot.values[option] ?? '';
    const shown = shownText(slot.labels[option] ?? value, false);
    return { value: { is: 'text', value, shown, option }, applied: true };
  }
  if (slot.editable || given === '')
    return { value: { is: 'text', value: given, shown: shownText(given, false), option }, applied: true };
  const { value, label } = slot.otherwise;
  const kept = {
    is: 'text',
    value,
    shown: shownText(label, false),
    option: slot.values.indexOf(value),
  } as const;
  return { value: kept, applied: false, message: unmatched(slot.name, given) };
}

function buttonValue(slot: ButtonSlot, given: string): Evaluated {
  const found = stateOf(slot, given);
  if (found === undefined) {
    const { value, states } = slot.otherwise;
    return { value: { is: 'button', value, states }, applied: false, message: unmatched(slot.name, given) };
  }
  if (found < 0) {
    const states = slot.states.map(() => '/Off');
    return { value: { is: 'button', value: '/Off', states }, applied: true };
  }
  const value = slot.states[found] ?? '/Off';
  const states = slot.states.map((state, index) =>
    index === found || (slot.unison && state === value) ? state : '/Off',
  );
  return { value: { is: 'button', value, states }, applied: true };
}

/** The widget that is on, -1 for none, undefined for a value that the field does not know. */
function stateOf(slot: ButtonSlot, given: string): number | undefined {
  const named = slot.labels.indexOf(given);
  if (named >= 0 && given !== '') return named;
  const stated = slot.states.findIndex((state) => nameOf(state) === given);
  if (stated >= 0) return stated;
  if (slot.radio) {
    const index = /^#(\d{1,4})$/.exec(given)?.[1];
    if (index !== undefined && Number(index) < slot.states.length) return Number(index);
    return given === '' || given.toLowerCase() === 'off' ? -1 : undefined;
  }
  if (on.test(given)) return 0;
  return off.test(given) ? -1 : undefined;
}

/** Text of a name as it is written: `/Choice#201` is `Choice 1`. */
export function nameOf(written: string): string {
  const text = written
    .slice(1)
    .replace(/#([0-9a-f]{2})/gi, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
  return /[\x80-\xff]/.test(text) && isUtf8(text) ? Buffer.from(text, 'latin1').toString('utf8') : text;
}

function isUtf8(text: string): boolean {
  return !Buffer.from(text, 'latin1').toString('utf8').includes('\ufffd');
}
