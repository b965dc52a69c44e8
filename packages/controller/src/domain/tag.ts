/** Tags as they are kept: key → value. Rendered as `[{key, value}]` at the boundary. */
export type Tags = Record<string, string>;
