import { agoText, timeText } from '../format.js';
import { useModel } from '../model.js';

/** When something was, as a distance from now; the time itself on demand. @param at ISO 8601 */
export function Ago({ at }: { readonly at: string }) {
  const { now } = useModel();
  return (
    <time dateTime={at} title={timeText(at)}>
      {agoText(Date.parse(at), now.value)}
    </time>
  );
}
