import { nowMs } from './clock.mjs';
import { Receiver } from './receiver.mjs';
import { answerOrders } from './server-process.mjs';

/** The receiving process: many connections, in groups by which they are ordered about. */

/** @type {Map<string, Receiver[]>} */
const groups = new Map();

/** @param {import('./receiver.mjs').Opening} opening */
async function open(opening) {
  const { group, count, variants = [], atOnce = 200 } = opening;
  const members = groups.get(group) ?? [];
  groups.set(group, members);
  for (let low = 0; low < count; low += atOnce) {
    const wave = Array.from({ length: Math.min(atOnce, count - low) }, (_, index) => low + index);
    await Promise.all(
      wave.map(
        (index) =>
          new Promise((resolve, reject) => {
            const done = (/** @type {Error | undefined} */ error) =>
              error === undefined ? resolve(undefined) : reject(error);
            members.push(new Receiver(opening, variants[index] ?? '', done));
          }),
      ),
    );
  }
  await until(
    () => members.every(({ isLive }) => isLive),
    60_000,
    () => `${members.filter(({ isLive }) => !isLive).length} of ${group} are not live`,
  );
}

/** @param {string} group */
function membersOf(group) {
  return groups.get(group) ?? [];
}

/**
 * @param {() => boolean} reached
 * @param {number} timeoutMs
 * @param {() => string} complaint
 */
async function until(reached, timeoutMs, complaint) {
  const deadline = nowMs() + timeoutMs;
  while (!reached()) {
    if (nowMs() > deadline) throw new Error(complaint());
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** @param {string} group */
function fewest(group) {
  let least = Number.POSITIVE_INFINITY;
  for (const { events } of membersOf(group)) if (events < least) least = events;
  return least;
}

/** @type {NodeJS.Timeout | undefined} */
let acknowledging;

answerOrders({
  open,
  /** Counts from zero; `record`: keeps the times of so many events; `acknowledge`: tells of what all have got. */
  mark({ group, record, acknowledge = false }) {
    for (const receiver of membersOf(group)) {
      receiver.events = 0;
      receiver.bytes = 0;
      receiver.times = record === undefined ? undefined : new Float64Array(record);
    }
    clearInterval(acknowledging);
    let told = 0;
    if (!acknowledge) return;
    acknowledging = setInterval(() => {
      const least = fewest(group);
      if (least === told) return;
      told = least;
      process.send?.({ event: { acknowledged: least } });
    }, 3);
  },
  /** Resolves when each has got so many. @returns when that was seen, and the bytes of all */
  async expect({ group, events, timeoutMs = 120_000 }) {
    const got = () => membersOf(group).map((receiver) => receiver.events);
    await until(
      () => fewest(group) >= events,
      timeoutMs,
      () => `${group} got ${Math.min(...got())} to ${Math.max(...got())} of ${events}`,
    );
    clearInterval(acknowledging);
    const bytes = membersOf(group).reduce((sum, receiver) => sum + receiver.bytes, 0);
    return { at: nowMs(), bytes, most: Math.max(...got()) };
  },
  /** Milliseconds from each event's stamp to its arrival, of all connections, sorted. */
  latencies({ group, stamps }) {
    const members = membersOf(group);
    const all = new Float64Array(members.length * stamps.length);
    members.forEach(({ times }, index) => {
      stamps.forEach((/** @type {number} */ stamp, /** @type {number} */ n) => {
        all[index * stamps.length + n] = (times?.[n] ?? Number.NaN) - stamp;
      });
    });
    all.sort();
    return all;
  },
  pause: ({ group, count = Number.POSITIVE_INFINITY }) => {
    for (const { socket } of membersOf(group).slice(0, count)) socket.pause();
  },
  resume: ({ group, count = Number.POSITIVE_INFINITY }) => {
    for (const { socket } of membersOf(group).slice(0, count)) socket.resume();
  },
  state: ({ group }) =>
    membersOf(group).map(({ events, closed, bye, order }) => ({ events, closed, bye, order })),
  /** Ends the connections without the wait that an orderly end costs. */
  async close({ group }) {
    for (const { socket } of membersOf(group)) socket.resetAndDestroy();
    groups.delete(group);
    await new Promise((resolve) => setTimeout(resolve, 50));
  },
  cpu: () => {
    const { user, system } = process.cpuUsage();
    return (user + system) / 1000;
  },
});
process.send?.({ answer: {} });
