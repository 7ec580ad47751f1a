// The schema as the server tells it about itself, ready to be looked things up in.

const TYPE = 'kind name ofType { kind name ofType { kind name ofType { kind name ofType { kind name } } } }';

export const INTROSPECTION = `query Introspection {
  __schema {
    queryType { name } mutationType { name } subscriptionType { name }
    directives { name description args { ...input } }
    types {
      kind name description
      fields(includeDeprecated: true) { name description isDeprecated deprecationReason type { ${TYPE} } args { ...input } }
      inputFields { ...input }
      enumValues(includeDeprecated: true) { name description isDeprecated deprecationReason }
      possibleTypes { name }
    }
  }
}
fragment input on __InputValue { name description defaultValue type { ${TYPE} } }`;

// The data of the introspection: { types: Map, roots: { query, mutation, subscription }, directives }
export function schemaOf({ __schema: { types, directives, queryType, mutationType, subscriptionType } }) {
  const known = new Map(types.filter(({ name }) => !name.startsWith('__')).map((type) => [type.name, type]));
  const roots = { query: queryType?.name, mutation: mutationType?.name, subscription: subscriptionType?.name };
  return { types: known, roots, directives };
}

// `[ID!]!`
export function typeText({ kind, name, ofType }) {
  if (kind === 'NON_NULL') return `${typeText(ofType)}!`;
  if (kind === 'LIST') return `[${typeText(ofType)}]`;
  return name;
}

// The name within `[ID!]!`.
export const nameOf = (type) => (type.ofType ? nameOf(type.ofType) : type.name);

export const fieldOf = (schema, typeName, name) => schema.types.get(typeName)?.fields?.find((field) => field.name === name);

// Roots first, then what is asked for and given, by name.
const ORDER = ['OBJECT', 'INTERFACE', 'UNION', 'INPUT_OBJECT', 'ENUM', 'SCALAR'];

export function sortedTypes(schema) {
  const roots = Object.values(schema.roots).filter(Boolean);
  const rest = [...schema.types.values()].filter(({ name }) => !roots.includes(name));
  rest.sort((a, b) => ORDER.indexOf(a.kind) - ORDER.indexOf(b.kind) || a.name.localeCompare(b.name));
  return [...roots.map((name) => schema.types.get(name)), ...rest];
}

// Which token a field of the roots needs, in the words of its description: 'developer', 'service', 'either' or 'any';
// null where it says nothing.
export function tokenOf({ description }) {
  const text = description ?? '';
  if (/^developer token, or service token/i.test(text)) return 'either';
  if (/^any token/i.test(text)) return 'any';
  if (/^developer token/i.test(text)) return 'developer';
  if (/^service token/i.test(text)) return 'service';
  return null;
}

// Types and fields whose names have the text in them, then those whose descriptions do: [{ type, field, description }]
export function search(schema, text) {
  const wanted = text.toLowerCase();
  const entries = sortedTypes(schema).flatMap(({ name, description, fields, inputFields, enumValues }) => [
    { type: name, field: '', description },
    ...[fields, inputFields, enumValues].flatMap((all) => all ?? []).map((one) => ({ ...one, type: name, field: one.name })),
  ]);
  // A type's name does not make all of its fields be found.
  const isNamed = ({ type, field }) => (wanted.includes('.') ? `${type}.${field}` : field || type).toLowerCase().includes(wanted);
  const named = entries.filter(isNamed);
  const told = entries.filter((entry) => !isNamed(entry) && entry.description?.toLowerCase().includes(wanted));
  return [...named, ...told];
}
