import type { RunContext } from './kind.js';

/** The context of a run within another run: members that are not in `own` are those of `outer`. */
export function contextWithin(outer: RunContext, own: Partial<RunContext>): RunContext {
  const { area, stops } = outer;
  return {
    parts: outer.parts,
    inputPath: (index) => outer.inputPath(index),
    fetched: (url) => outer.fetched(url),
    partPath: (name) => outer.partPath(name),
    progress: (progress) => outer.progress(progress),
    artifact: (name, contentType, shows) => outer.artifact(name, contentType, shows),
    part: (name, contentType, shows) => outer.part(name, contentType, shows),
    scratch: (bytes) => outer.scratch(bytes),
    warn: (warning) => outer.warn(warning),
    program: (call) => outer.program(call),
    picture: (call) => outer.picture(call),
    heavy: () => outer.heavy(),
    ...(area === undefined ? {} : { area }),
    ...(stops === undefined ? {} : { stops }),
    ...own,
  };
}
