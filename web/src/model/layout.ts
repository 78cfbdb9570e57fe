// Where the nodes of a graph are drawn: layers from top to bottom, few crossings.
//
// Layers are longest paths from the entries, with edges that lead back turned around. An edge over
// several layers gets a place in each of them, so it passes nodes by and not behind them. Within a
// layer the order follows the neighbours, up and down, a few times; then each layer is shifted as
// near to its neighbours as its order allows. It takes time in the size of the graph, so ten
// thousand nodes are laid out at once and no library is needed.
// Source: Sugiyama, Tagawa, Toda, "Methods for Visual Understanding of Hierarchical System
// Structures", 1981; Barlow et al., "Statistical Inference under Order Restrictions", 1972.

export interface Line {
  from: string;
  to: string;
}

export interface Place {
  x: number;
  y: number;
}

export interface Layout {
  /** Left upper corners of nodes; the whole begins at 0, 0. */
  places: Map<string, Place>;
  /** By index of the line: the points that it passes between its ends, from its begin on. */
  routes: Map<number, Place[]>;
  /** Indexes of the lines that lead back up. */
  turned: Set<number>;
  width: number;
  height: number;
}

export interface Size {
  width: number;
  height: number;
  gapX: number;
  gapY: number;
}

export const NODE: Size = { width: 188, height: 52, gapX: 28, gapY: 38 };

const SWEEPS = 8;
const SHIFTS = 6;
/** Layers wider than this are broken into rows: nobody reads a line of ten thousand. */
const ROW_MAX = 60;
/** In larger graphs edges go straight: there would be more bends than nodes. */
const ROUTED_MAX = 1_500;
const BEND_WIDTH = 20;

interface Spot {
  id: string;
  width: number;
  /** How firmly it stays where its neighbours want it. */
  weight: number;
}

/** Places of nodes, and ways of lines. */
export function layout(ids: readonly string[], lines: readonly Line[], size = NODE): Layout {
  const forward = acyclic(ids, lines);
  const depth = depths(ids, forward.map(({ line }) => line));
  const isRouted = ids.length <= ROUTED_MAX;
  const { spots, links, bends } = isRouted ? bent(ids, forward, depth, size) : whole(ids, forward, size);
  const layers: string[][] = [];
  for (const [id, at] of depth) (layers[at] ??= []).push(id);
  for (const id of spots.keys()) if (!depth.has(id)) throw new Error(`${id} has no layer`);
  order(layers, links);
  const rows = isRouted ? layers : layers.flatMap(broken);
  const turned = new Set(forward.filter((one) => one.isTurned).map((one) => one.index));
  const shifts = isRouted ? SHIFTS : 0;
  return { ...placed({ rows, links, spots, bends, size, shifts }), turned };
}

interface Directed {
  line: Line;
  index: number;
  isTurned: boolean;
}

/** The lines, those that lead back turned around, without those that lead nowhere. */
function acyclic(ids: readonly string[], lines: readonly Line[]): Directed[] {
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
  const found: Directed[] = [];
  lines.forEach(({ from, to }, index) => {
    if (from === to || !known.has(from) || !known.has(to)) return;
    const isTurned = back.has(`${from}\u0000${to}`);
    found.push({ line: isTurned ? { from: to, to: from } : { from, to }, index, isTurned });
  });
  return found;
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

function depths(ids: readonly string[], lines: readonly Line[]): Map<string, number> {
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
  return depth;
}

interface Parts {
  spots: Map<string, Spot>;
  /** Lines between neighbouring layers. */
  links: Line[];
  /** Bends of each line, by its index, from its begin on. */
  bends: Map<number, string[]>;
}

const spotOf = (id: string, size: Size): Spot => ({ id, width: size.width, weight: 3 });

function whole(ids: readonly string[], lines: readonly Directed[], size: Size): Parts {
  const spots = new Map(ids.map((id) => [id, spotOf(id, size)]));
  return { spots, links: lines.map(({ line }) => line), bends: new Map() };
}

/** Puts a bend into each layer that a line passes; `depth` gets those of the bends. */
function bent(
  ids: readonly string[],
  lines: readonly Directed[],
  depth: Map<string, number>,
  size: Size,
): Parts {
  const { spots } = whole(ids, [], size);
  const links: Line[] = [];
  const bends = new Map<number, string[]>();
  for (const { line, index, isTurned } of lines) {
    const from = depth.get(line.from) ?? 0;
    const to = depth.get(line.to) ?? 0;
    const between: string[] = [];
    for (let at = from + 1; at < to; at += 1) {
      const id = `\u0000${index}/${at}`;
      spots.set(id, { id, width: BEND_WIDTH, weight: 1 });
      depth.set(id, at);
      between.push(id);
    }
    const way = [line.from, ...between, line.to];
    for (let at = 1; at < way.length; at += 1) {
      links.push({ from: way[at - 1] as string, to: way[at] as string });
    }
    if (between.length > 0) bends.set(index, isTurned ? between.toReversed() : between);
  }
  return { spots, links, bends };
}

function order(layers: string[][], lines: readonly Line[]): void {
  const above = neighbours(lines, 'to');
  const below = neighbours(lines, 'from');
  const place = new Map<string, number>();
  const note = (layer: string[]): void => {
    layer.forEach((id, index) => place.set(id, (index + 0.5) / layer.length));
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

interface Ordered extends Parts {
  rows: string[][];
  size: Size;
  shifts: number;
}

function placed({ rows, links, spots, bends, size, shifts }: Ordered): Omit<Layout, 'turned'> {
  const middle = new Map<string, number>();
  const wide = (id: string): number => (spots.get(id) as Spot).width;
  for (const row of rows) {
    let x = 0;
    for (const id of row) {
      middle.set(id, x + wide(id) / 2);
      x += wide(id) + size.gapX;
    }
    for (const id of row) middle.set(id, (middle.get(id) ?? 0) - (x - size.gapX) / 2);
  }
  const above = neighbours(links, 'to');
  const below = neighbours(links, 'from');
  for (let shift = 0; shift < shifts; shift += 1) {
    const down = shift % 2 === 0;
    for (const row of down ? rows : rows.toReversed()) {
      shifted(row, down ? above : below, middle, spots, size.gapX);
    }
  }
  let left = Number.POSITIVE_INFINITY;
  let right = Number.NEGATIVE_INFINITY;
  for (const [id, x] of middle) {
    left = Math.min(left, x - wide(id) / 2);
    right = Math.max(right, x + wide(id) / 2);
  }
  const at = new Map<string, Place>();
  rows.forEach((row, index) => {
    const y = index * (size.height + size.gapY);
    for (const id of row) at.set(id, { x: (middle.get(id) ?? 0) - left, y });
  });
  const places = new Map<string, Place>();
  for (const [id, { x, y }] of at) {
    if (!id.startsWith('\u0000')) places.set(id, { x: x - size.width / 2, y });
  }
  const routes = new Map<number, Place[]>();
  for (const [index, ids] of bends) {
    routes.set(index, ids.map((id) => {
      const { x, y } = at.get(id) as Place;
      return { x, y: y + size.height / 2 };
    }));
  }
  const height = Math.max(0, rows.length * (size.height + size.gapY) - size.gapY);
  return { places, routes, width: Math.max(0, right - left), height };
}

/** Moves a row as near to its neighbours as its order and gaps allow: least squares under order. */
function shifted(
  row: readonly string[],
  beside: ReadonlyMap<string, string[]>,
  middle: Map<string, number>,
  spots: ReadonlyMap<string, Spot>,
  gap: number,
): void {
  const blocks: { sum: number; weight: number; count: number }[] = [];
  const offsets: number[] = [];
  let offset = 0;
  row.forEach((id, index) => {
    const spot = spots.get(id) as Spot;
    if (index > 0) {
      offset += ((spots.get(row[index - 1] as string) as Spot).width + spot.width) / 2 + gap;
    }
    offsets.push(offset);
    const others = beside.get(id) ?? [];
    const sum = others.reduce((total, other) => total + (middle.get(other) ?? 0), 0);
    const wish = others.length > 0 ? sum / others.length : (middle.get(id) ?? 0);
    const weight = others.length > 0 ? spot.weight : 0.1;
    let block = { sum: (wish - offset) * weight, weight, count: 1 };
    let before = blocks.at(-1);
    while (before !== undefined && before.sum / before.weight > block.sum / block.weight) {
      blocks.pop();
      block = {
        sum: before.sum + block.sum,
        weight: before.weight + block.weight,
        count: before.count + block.count,
      };
      before = blocks.at(-1);
    }
    blocks.push(block);
  });
  let index = 0;
  for (const block of blocks) {
    for (let at = 0; at < block.count; at += 1, index += 1) {
      middle.set(row[index] as string, block.sum / block.weight + (offsets[index] as number));
    }
  }
}
