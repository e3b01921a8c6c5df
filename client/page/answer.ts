import { useEffect, useMemo, useRef, useState } from 'preact/hooks';
import { useModel } from './model.js';
import { reasonOf } from './session.js';

/** What a part of the page has asked for. The answer before stays until another one has come. */
export interface Asked<T> {
  readonly answer: T | undefined;
  /** Why there is none, as a sentence for people. */
  readonly fault: string | undefined;
}

/**
 * Asks, and asks again when one of the inputs changes or the connection comes back after a fault.
 * @param ask its signal fires when the view no longer needs the answer
 */
export function useAnswer<T>(ask: (signal: AbortSignal) => Promise<T>, inputs: readonly unknown[]): Asked<T> {
  const { session } = useModel();
  const [answer, setAnswer] = useState<T>();
  const [fault, setFault] = useState<string>();
  const again = useReturn(fault);
  useEffect(() => {
    const gone = new AbortController();
    ask(gone.signal).then(
      (value) => {
        if (gone.signal.aborted) return;
        setAnswer(() => value);
        setFault(undefined);
      },
      (error: unknown) => {
        if (gone.signal.aborted) return;
        session.refuse(error);
        setFault(reasonOf(error));
      },
    );
    return () => gone.abort();
  }, [...inputs, session, again]);
  return { answer, fault };
}

/** An address of bytes for an element of the page, as long as they are shown. */
export function useAddress(bytes: Blob | undefined): string | undefined {
  const address = useMemo(() => bytes && URL.createObjectURL(bytes), [bytes]);
  useEffect(() => {
    if (address !== undefined) return () => URL.revokeObjectURL(address);
  }, [address]);
  return address;
}

/** Another number after the connection has come back, as long as there is a fault: a reason to ask again. */
export function useReturn(fault: unknown): number {
  const count = useModel().session.returns.value;
  const last = useRef(count);
  if (fault !== undefined) last.current = count;
  return last.current;
}
