/** The members of a document that are drawn around its content. */
export const bandNames = ['header', 'footer', 'first_header', 'first_footer'] as const;
export type BandName = (typeof bandNames)[number];
