/** The environment, read in this one place. Colours are not here: `util.styleText` reads NO_COLOR and FORCE_COLOR itself. */
export const environment: Readonly<Record<string, string | undefined>> = process.env;
