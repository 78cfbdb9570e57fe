// Graphs of thousands of nodes, drawn on a canvas: the same places, states and clicks as elsewhere.

import { useEffect, useRef, useState } from 'react';
import { useFact } from '../../app/store';
import { type Graph, type Looks, type NodeState } from '../../model/graph';
import { NODE } from '../../model/layout';
import { IconButton, Select } from '../../parts/controls';
import { Icon } from '../../parts/icons';

interface Props {
  graph: Graph;
  places: ReadonlyMap<string, { x: number; y: number }>;
  looks: Looks;
  chosen: string | undefined;
  onChoose: (node: string) => void;
}

interface Camera {
  x: number;
  y: number;
  zoom: number;
}

const COLOURS: Record<NodeState, string> = {
  idle: '--line',
  running: '--run',
  waiting: '--wait',
  done: '--done',
  failed: '--fail',
  skipped: '--off',
  cancelled: '--off',
};

/** Below so much, names could not be read and are not drawn. */
const ZOOM_NAMES = 0.35;
const ZOOM_EDGES = 0.08;

export function CanvasGraph({ graph, places, looks, chosen, onChoose }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const camera = useRef<Camera | null>(null);
  const [size, setSize] = useState({ width: 0, height: 0 });
  const theme = useFact((state) => state.look.theme);
  const paint = useRef<() => void>(() => undefined);

  useEffect(() => {
    const found = canvas.current;
    if (found === null) return;
    const watcher = new ResizeObserver(([entry]) => {
      if (entry === undefined) return;
      const { width, height } = entry.contentRect;
      setSize({ width, height });
    });
    watcher.observe(found);
    return () => watcher.disconnect();
  }, []);

  useEffect(() => {
    const found = canvas.current;
    const context = found?.getContext('2d');
    if (found === null || !context || size.width === 0) return;
    const scale = devicePixelRatio;
    found.width = size.width * scale;
    found.height = size.height * scale;
    camera.current ??= whole(places, size);
    const style = getComputedStyle(document.documentElement);
    const colour = (name: string): string => style.getPropertyValue(name);
    const palette = Object.fromEntries(
      Object.entries(COLOURS).map(([state, name]) => [state, colour(name)]),
    ) as Record<NodeState, string>;
    const base = { surface: colour('--surface'), ink: colour('--ink'), line: colour('--line'), accent: colour('--accent') };
    const draw = (): void => {
      const eye = camera.current as Camera;
      context.setTransform(scale, 0, 0, scale, 0, 0);
      context.clearRect(0, 0, size.width, size.height);
      context.setTransform(scale * eye.zoom, 0, 0, scale * eye.zoom, scale * eye.x, scale * eye.y);
      const seen = {
        left: -eye.x / eye.zoom - NODE.width,
        top: -eye.y / eye.zoom - NODE.height,
        right: (size.width - eye.x) / eye.zoom,
        bottom: (size.height - eye.y) / eye.zoom,
      };
      if (eye.zoom >= ZOOM_EDGES) {
        context.beginPath();
        context.strokeStyle = base.line;
        context.lineWidth = 1.2;
        for (const edge of graph.edges) {
          const from = places.get(edge.from);
          const to = places.get(edge.to);
          if (from === undefined || to === undefined) continue;
          if (Math.max(from.y, to.y) < seen.top || Math.min(from.y, to.y) > seen.bottom) continue;
          context.moveTo(from.x + NODE.width / 2, from.y + NODE.height);
          context.lineTo(to.x + NODE.width / 2, to.y);
        }
        context.stroke();
      }
      context.font = '500 13px system-ui, sans-serif';
      for (const node of graph.nodes) {
        const place = places.get(node.id);
        if (place === undefined) continue;
        if (place.x < seen.left || place.x > seen.right) continue;
        if (place.y < seen.top || place.y > seen.bottom) continue;
        const state = looks.nodes.get(node.id)?.state ?? 'idle';
        const withName = eye.zoom >= ZOOM_NAMES;
        context.fillStyle = withName ? base.surface : palette[state];
        context.fillRect(place.x, place.y, NODE.width, NODE.height);
        if (withName) {
          context.strokeStyle = palette[state];
          context.lineWidth = 2;
          context.strokeRect(place.x, place.y, NODE.width, NODE.height);
          context.fillStyle = base.ink;
          context.fillText(node.label.slice(0, 24), place.x + 12, place.y + 26);
          context.fillStyle = palette[state];
          context.fillText(state === 'idle' ? node.kind : state, place.x + 12, place.y + 44);
        }
        if (node.id === chosen) {
          context.strokeStyle = base.accent;
          context.lineWidth = 4 / Math.min(eye.zoom, 1);
          context.strokeRect(place.x - 4, place.y - 4, NODE.width + 8, NODE.height + 8);
        }
      }
    };
    let frame = 0;
    paint.current = () => {
      cancelAnimationFrame(frame);
      frame = requestAnimationFrame(draw);
    };
    paint.current();
    return () => cancelAnimationFrame(frame);
  }, [graph, places, looks, chosen, size, theme]);

  useEffect(() => {
    const found = canvas.current;
    if (found === null) return;
    return handled(found, camera, () => paint.current(), (x, y) => {
      const hit = nodeAt(graph, places, x, y);
      if (hit !== undefined) onChoose(hit);
    });
  }, [graph, places, onChoose]);

  const fit = (): void => {
    camera.current = whole(places, size);
    paint.current();
  };
  return (
    <div className="relative h-full">
      <canvas
        ref={canvas}
        role="img"
        aria-label={`The workflow's graph, ${graph.nodes.length} nodes; the list beside it has the same`}
        className="size-full touch-none"
      />
      <div className="absolute top-2 left-2 flex gap-2">
        <Select
          aria-label="Go to a node"
          className="w-48!"
          value={chosen ?? ''}
          onChange={(event) => onChoose(event.target.value)}
        >
          <option value="">{graph.nodes.length.toLocaleString()} nodes</option>
          {[...looks.nodes].slice(-500).map(([id, look]) => (
            <option key={id} value={id}>
              {id}: {look.state}
            </option>
          ))}
        </Select>
        <IconButton label="Show all" onClick={fit}>
          <Icon name="screen" />
        </IconButton>
      </div>
    </div>
  );
}

function whole(places: Props['places'], size: { width: number; height: number }): Camera {
  let right = 1;
  let bottom = 1;
  for (const { x, y } of places.values()) {
    right = Math.max(right, x + NODE.width);
    bottom = Math.max(bottom, y + NODE.height);
  }
  const zoom = Math.min(1, (size.width - 40) / right, (size.height - 40) / bottom);
  return { x: (size.width - right * zoom) / 2, y: 20, zoom };
}

function nodeAt(graph: Graph, places: Props['places'], x: number, y: number): string | undefined {
  return graph.nodes.find((node) => {
    const place = places.get(node.id);
    if (place === undefined) return false;
    return x >= place.x && x <= place.x + NODE.width && y >= place.y && y <= place.y + NODE.height;
  })?.id;
}

/** Moves the camera as people drag and turn the wheel; a press without a move is a choice. */
function handled(
  canvas: HTMLCanvasElement,
  camera: { current: Camera | null },
  paint: () => void,
  onPress: (x: number, y: number) => void,
): () => void {
  let from: { x: number; y: number; moved: boolean } | null = null;
  const down = (event: PointerEvent): void => {
    from = { x: event.clientX, y: event.clientY, moved: false };
    canvas.setPointerCapture(event.pointerId);
  };
  const move = (event: PointerEvent): void => {
    const eye = camera.current;
    if (from === null || eye === null) return;
    const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
    if (!from.moved && Math.hypot(dx, dy) < 4) return;
    camera.current = { ...eye, x: eye.x + dx, y: eye.y + dy };
    from = { x: event.clientX, y: event.clientY, moved: true };
    paint();
  };
  const up = (event: PointerEvent): void => {
    const eye = camera.current;
    if (from !== null && !from.moved && eye !== null) {
      const box = canvas.getBoundingClientRect();
      onPress(
        (event.clientX - box.left - eye.x) / eye.zoom,
        (event.clientY - box.top - eye.y) / eye.zoom,
      );
    }
    from = null;
  };
  const wheel = (event: WheelEvent): void => {
    event.preventDefault();
    const eye = camera.current;
    if (eye === null) return;
    const box = canvas.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    const zoom = Math.min(2, Math.max(0.01, eye.zoom * Math.exp(-event.deltaY / 400)));
    const factor = zoom / eye.zoom;
    camera.current = { x: x - (x - eye.x) * factor, y: y - (y - eye.y) * factor, zoom };
    paint();
  };
  canvas.addEventListener('pointerdown', down);
  canvas.addEventListener('pointermove', move);
  canvas.addEventListener('pointerup', up);
  canvas.addEventListener('wheel', wheel, { passive: false });
  return () => {
    canvas.removeEventListener('pointerdown', down);
    canvas.removeEventListener('pointermove', move);
    canvas.removeEventListener('pointerup', up);
    canvas.removeEventListener('wheel', wheel);
  };
}
