export const places: readonly string[];
export function faultsOf(numbers: SharedArrayBuffer): (place: string, code: string) => void;
export function patchServer(folder: string, failHere: (place: string, code: string) => void): () => void;
