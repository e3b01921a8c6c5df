/**
 * Ids of the faces that the documents of this thread have written in. Apart from the fonts, which are loaded with the first
 * document: a thread is asked for its languages before that, too. State of the module on purpose, as the fonts are.
 */
export const writtenFaces = new Set<string>();
