import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { type JsonMap, mapJson, spanOf } from '../../src/protocol/json-map.js';
import { InkwireError } from '../sdk/error.js';
import { amount } from './format.js';
import { useModel } from './model.js';
import type { Mistake } from './parts/json-editor.js';
import { Preview, type PreviewParts } from './preview.js';
import { reasonOf } from './session.js';

/** Characters: longer texts are edited without colours, */
const colouredLength = 30_000;
/** and longer ones are only looked at when that is asked for. */
const watchedLength = 500_000;
/** Milliseconds in which nobody writes: before that, what is not complete is no mistake. */
const patienceMs = 900;

interface Told {
  readonly message: string;
  readonly pointer?: string;
  readonly at?: number;
}

/** A text that is written, and what is known of it. */
export interface Draft {
  /** Undefined where the text is too long to be coloured. */
  readonly map: JsonMap | undefined;
  /** In the order of the text. */
  readonly mistakes: readonly Mistake[];
  /** Something else than the text is in the way. */
  readonly fault: string | undefined;
  readonly preview: Preview;
  /** Too long to be looked at while it is written. */
  readonly tooLong: boolean;
  /** The value, or undefined after its mistakes have been told. */
  readonly read: () => Readonly<Record<string, unknown>> | undefined;
  /** Tells what an answer of the server has against the text. */
  readonly refuse: (error: unknown) => void;
}

/**
 * Checks a text and has its page shown, a little after each change.
 * @param ask as for a `Preview`
 * @param beside what is drawn with the text: where it is another one, the page is asked for again
 */
export function useDraft(text: string, ask: PreviewParts['ask'], beside?: unknown): Draft {
  const { announcer, session } = useModel();
  const latest = useRef(ask);
  latest.current = ask;
  const [preview] = useState(
    () => new Preview({ ask: (...call) => latest.current(...call), clock: () => performance.now() }),
  );
  const [told, setTold] = useState<readonly Told[]>([]);
  const [fault, setFault] = useState<string>();
  const tooLong = text.length > watchedLength;
  const map = useMemo(() => (text.length <= colouredLength ? mapJson(text) : undefined), [text]);
  const mistakes = useMemo(() => placed(told, text, map), [told, text, map]);

  const tell = (all: readonly Told[]): void => {
    setTold(all);
    setFault(undefined);
  };
  const refuse = (error: unknown): void => {
    session.refuse(error);
    if (error instanceof InkwireError && error.errors.length > 0) tell(error.errors);
    else {
      setTold([]);
      setFault(reasonOf(error));
    }
  };
  const read = (): Readonly<Record<string, unknown>> | undefined => {
    const value = jsonOf(text);
    if ('message' in value) tell([value]);
    return 'message' in value ? undefined : value.value;
  };

  useEffect(() => () => preview.close(), [preview]);
  useEffect(() => {
    if (tooLong) {
      preview.spoil();
      return;
    }
    const value = jsonOf(text);
    if (!('message' in value)) {
      preview.change(value.value);
      return;
    }
    preview.spoil();
    // The mistakes of an earlier text are worth more than one that is about to be mended.
    const timer = setTimeout(() => tell([value]), patienceMs);
    return () => clearTimeout(timer);
  }, [text, tooLong, preview, beside]);
  const verdict = preview.verdict.value;
  useEffect(() => {
    if (verdict?.type === 'refused') refuse(verdict.error);
    else if (verdict?.type === 'good') tell([]);
  }, [verdict]);
  const count = mistakes.length;
  const counted = useRef(0);
  useEffect(() => {
    if (count !== counted.current) announcer.say(count === 0 ? 'No mistakes' : amount(count, 'mistake'));
    counted.current = count;
  }, [count, announcer]);

  return { map, mistakes, fault, preview, tooLong, read, refuse };
}

type Value = { readonly value: Readonly<Record<string, unknown>> } | Required<Pick<Told, 'message' | 'at'>>;

function jsonOf(text: string): Value {
  try {
    const value: unknown = JSON.parse(text);
    if (isMembers(value)) return { value };
    return { message: 'This has to be an object: { … }', at: 0 };
  } catch {
    const { error } = mapJson(text);
    return error ?? { message: 'This is no JSON.', at: 0 };
  }
}

function isMembers(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function placed(told: readonly Told[], text: string, known: JsonMap | undefined): readonly Mistake[] {
  if (told.length === 0) return [];
  const map = known ?? mapJson(text);
  const mistakes = told.flatMap(({ message, pointer, at }): readonly Mistake[] => {
    if (pointer !== undefined) return [{ message, pointer, ...spanOf(map, pointer) }];
    // Of a text that is another one by now.
    if (at === undefined || map.error?.at !== at) return at === 0 ? [{ message, from: 0, to: 1 }] : [];
    return [{ message, from: at, to: at + 1 }];
  });
  return mistakes.sort((a, b) => a.from - b.from);
}
