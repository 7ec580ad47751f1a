// Reading JSON that may be none. Used by the connector's other modules.

/** The value, or null where the text is no JSON. */
export function parsedOrNull(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
