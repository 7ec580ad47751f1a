// The outlines of what charts draw. Pure.

const place = (number) => Math.round(number * 10) / 10;

// points: [[x, y]]
export const linePath = (points) => points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${place(x)} ${place(y)}`).join('');

// The area between two lines: [[x, low, high]]
export function bandPath(points) {
  if (points.length === 0) return '';
  const upper = points.map(([x, , high]) => [x, high]);
  const lower = points.map(([x, low]) => [x, low]).reverse();
  return `${linePath([...upper, ...lower])}Z`;
}
