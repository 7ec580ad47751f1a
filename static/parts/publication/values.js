// What a publication says, as the fields of the forms hold it, and back to what the API takes.

export const LISTS = ['configurationParameters', 'customerConfigurationParameters'];
export const URLS = ['installationCallbackUrl', 'instanceCallbackUrl', 'actionCallbackUrl'];
// Texts that the API takes away with null.
const OPTIONAL = ['logoUrl', 'homeUrl', 'requirements'];

// All that a form asks the API for.
const PARAMETER = '{ id name required description valueType displayType validationExpression }';
export const PROFILE = `name description ${OPTIONAL.join(' ')} tags mode ${URLS.join(' ')}
  configurationParameters ${PARAMETER} customerConfigurationParameters ${PARAMETER}`;

export const empty = () => ({
  name: '',
  description: '',
  logoUrl: '',
  homeUrl: '',
  requirements: '',
  tags: '',
  mode: 'PRIVATE',
  installationCallbackUrl: '',
  instanceCallbackUrl: '',
  actionCallbackUrl: '',
  configurationParameters: [],
  customerConfigurationParameters: [],
});

// Each parameter has a key beside its ID, which may change or be the same as another's while it is typed.
const nextKey = (list) => Math.max(0, ...list.map(({ key }) => key)) + 1;

const PLAIN_TEXT = { valueType: 'STRING', displayType: 'PLAIN', validationExpression: '' };

export const withNewParameter = (list) => [
  ...list,
  { key: nextKey(list), id: '', name: '', description: '', required: false, ...PLAIN_TEXT },
];

export function ofPublication(publication) {
  const values = { ...empty(), mode: publication.mode, tags: publication.tags.join(', ') };
  for (const field of ['name', 'description', ...OPTIONAL, ...URLS]) values[field] = publication[field] ?? '';
  for (const field of LISTS) values[field] = publication[field].map((parameter, at) => ({ ...parameter, key: at + 1 }));
  return values;
}

export const tagsOf = (text) => [...new Set(text.split(',').map((tag) => tag.trim()).filter(Boolean))];

const parameterInput = ({ id, name, description, required, valueType, displayType, validationExpression }) =>
  ({ id: id.trim(), name: name.trim(), description: description.trim(), required, valueType, displayType, validationExpression });

export function toInput(values) {
  const input = { mode: values.mode, tags: tagsOf(values.tags) };
  for (const field of ['name', 'description', ...URLS]) input[field] = values[field].trim();
  for (const field of OPTIONAL) input[field] = values[field].trim() || null;
  for (const field of LISTS) input[field] = values[field].map(parameterInput);
  return input;
}

// What is to be sent so that `before` becomes `now`: only the fields that are another.
export function changes(before, now) {
  const known = toInput(before);
  const wanted = Object.entries(toInput(now));
  return Object.fromEntries(wanted.filter(([field, value]) => JSON.stringify(value) !== JSON.stringify(known[field])));
}
