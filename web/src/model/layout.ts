// Where the nodes of a graph are drawn: layers from top to bottom, few crossings.
//
// Layers are longest paths from the entries, with edges that lead back turned around; within a
// layer nodes move to the middle of their neighbours, up and down, a few times. It takes time in
// the size of the graph, so ten thousand nodes are laid out at once and no library is needed.
// Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
// Structures", 1981.

export interface Line {
  from: string;
  to: string;
}

export interface Place {
  x: number;
  y: number;
}

export interface Layout {
  places: Map<string, Place>;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
  gapX: number;
  gapY: number;
}

export const NODE: Size = { width: 188, height: 56, gapX: 28, gapY: 44 };

const SWEEPS = 6;
/** Layers wider than this are broken into rows: nobody reads a line of ten thousand. */
const ROW_MAX = 60;

/** Places of nodes, left upper corners; the whole begins at 0, 0. */
export function layout(ids: readonly string[], lines: readonly Line[], size = NODE): Layout {
  const forward = acyclic(ids, lines);
  const layers = byLayer(ids, forward);
  order(layers, forward);
  const rows = layers.flatMap((layer) => broken(layer));
  return placed(rows, forward, size);
}

/** The lines without those that lead back, which are turned around. */
function acyclic(ids: readonly string[], lines: readonly Line[]): Line[] {
  const next = neighbours(lines, 'from');
  const state = new Map<string, 'open' | 'done'>();
  const back = new Set<string>();
  for (const root of ids) {
    if (state.has(root)) continue;
    const stack: [string, number][] = [[root, 0]];
    state.set(root, 'open');
    while (stack.length > 0) {
      const top = stack[stack.length - 1] as [string, number];
      const target = next.get(top[0])?.[top[1]];
      if (target === undefined) {
        state.set(top[0], 'done');
        stack.pop();
        continue;
      }
      top[1] += 1;
      const seen = state.get(target);
      if (seen === 'open') back.add(`${top[0]}\u0000${target}`);
      else if (seen === undefined) {
        state.set(target, 'open');
        stack.push([target, 0]);
      }
    }
  }
  const known = new Set(ids);
  return lines
    .filter(({ from, to }) => from !== to && known.has(from) && known.has(to))
    .map(({ from, to }) => (back.has(`${from}\u0000${to}`) ? { from: to, to: from } : { from, to }));
}

function neighbours(lines: readonly Line[], side: 'from' | 'to'): Map<string, string[]> {
  const found = new Map<string, string[]>();
  for (const line of lines) {
    const key = line[side];
    const other = side === 'from' ? line.to : line.from;
    const list = found.get(key);
    if (list === undefined) found.set(key, [other]);
    else list.push(other);
  }
  return found;
}

function byLayer(ids: readonly string[], lines: readonly Line[]): string[][] {
  const next = neighbours(lines, 'from');
  const waits = new Map<string, number>(ids.map((id) => [id, 0]));
  for (const line of lines) waits.set(line.to, (waits.get(line.to) ?? 0) + 1);
  const depth = new Map<string, number>();
  const queue = ids.filter((id) => waits.get(id) === 0);
  for (const id of queue) depth.set(id, 0);
  for (let at = 0; at < queue.length; at += 1) {
    const id = queue[at] as string;
    for (const to of next.get(id) ?? []) {
      depth.set(to, Math.max(depth.get(to) ?? 0, (depth.get(id) ?? 0) + 1));
      const left = (waits.get(to) ?? 0) - 1;
      waits.set(to, left);
      if (left === 0) queue.push(to);
    }
  }
  const layers: string[][] = [];
  for (const id of queue) (layers[depth.get(id) ?? 0] ??= []).push(id);
  return layers;
}

function order(layers: string[][], lines: readonly Line[]): void {
  const above = neighbours(lines, 'to');
  const below = neighbours(lines, 'from');
  const place = new Map<string, number>();
  const note = (layer: string[]): void => {
    layer.forEach((id, index) => place.set(id, index / Math.max(layer.length - 1, 1)));
  };
  layers.forEach(note);
  for (let sweep = 0; sweep < SWEEPS; sweep += 1) {
    const down = sweep % 2 === 0;
    const beside = down ? above : below;
    for (const layer of down ? layers : layers.toReversed()) {
      const wish = new Map<string, number>();
      for (const id of layer) {
        const others = beside.get(id) ?? [];
        const sum = others.reduce((total, other) => total + (place.get(other) ?? 0), 0);
        wish.set(id, others.length > 0 ? sum / others.length : (place.get(id) ?? 0));
      }
      layer.sort((a, b) => (wish.get(a) ?? 0) - (wish.get(b) ?? 0));
      note(layer);
    }
  }
}

function broken(layer: string[]): string[][] {
  const rows: string[][] = [];
  for (let at = 0; at < layer.length; at += ROW_MAX) rows.push(layer.slice(at, at + ROW_MAX));
  return rows;
}

function placed(rows: string[][], lines: readonly Line[], size: Size): Layout {
  const step = size.width + size.gapX;
  const widest = Math.max(0, ...rows.map((row) => row.length));
  const above = neighbours(lines, 'to');
  const places = new Map<string, Place>();
  rows.forEach((row, index) => {
    const y = index * (size.height + size.gapY);
    const middle = ((widest - row.length) * step) / 2;
    row.forEach((id, at) => places.set(id, { x: middle + at * step, y }));
    // A lone node stands below those that lead to it, not in the middle of the whole.
    const only = row.length === 1 ? row[0] : undefined;
    const parents = only === undefined ? undefined : above.get(only);
    if (only !== undefined && parents !== undefined && parents.length === 1) {
      const parent = places.get(parents[0] as string);
      if (parent !== undefined) places.set(only, { x: parent.x, y });
    }
  });
  return {
    places,
    width: Math.max(0, widest * step - size.gapX),
    height: Math.max(0, rows.length * (size.height + size.gapY) - size.gapY),
  };
}
